import { describe, expect, it } from 'vitest';
import { above, markOf, sorted, toggled, topOf } from './browse-state.ts';

describe('choosing in a tree', () => {
  it('takes a directory for all below it, and what was chosen below it no longer apart', () => {
    const chosen = toggled(toggled(new Set(), '/a/b/file'), '/a/b');
    expect([...chosen]).toEqual(['/a/b']);
    expect(markOf(chosen, '/a/b/c/d')).toBe('by-parent');
    expect(markOf(chosen, '/a')).toBe('partly');
    expect(markOf(chosen, '/a/bc')).toBe('none');
    expect(toggled(chosen, '/a/b/file')).toBe(chosen);
    expect([...toggled(chosen, '/a/b')]).toEqual([]);
  });

  it('counts the root as what is above everything', () => {
    expect(markOf(new Set(['/']), '/etc/hosts')).toBe('by-parent');
  });

  it('leads up to the roots of the snapshot and no further', () => {
    expect(topOf(['/home/me'])).toEqual({ path: '/home/me' });
    expect(above({ path: '/home/me/a' }, ['/home/me'])).toEqual({ path: '/home/me' });
    expect(above({ path: '/home/me' }, ['/home/me'])).toBeUndefined();
    expect(above({ path: '/srv' }, ['/home/me', '/srv'])).toEqual({});
    expect(above({ search: 'x' }, ['/home/me'])).toEqual({ path: '/home/me' });
    expect(above({ path: '/etc' }, ['/'])).toEqual({ path: '/' });
  });

  it('shows directories first', () => {
    const rows = ['b', 'a', 'c'].map((name) => ({ name, path: name, type: name === 'c' ? 'dir' : 'file' }));
    expect(sorted(rows).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
  });
});
