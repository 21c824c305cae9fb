import type { JSX } from 'preact';

const PATHS = {
  good: 'm5 12.5 4.5 4.5L19 7.5',
  busy: 'M20 12a8 8 0 1 1-2.34-5.66M20 3.5v4h-4',
  waiting: 'M12 7v5l3.5 2M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
  warning:
    'M12 9v4.5M12 17v.01M10.3 4.3 2.8 17.5A2 2 0 0 0 4.5 20.5h15a2 2 0 0 0 1.7-3L13.7 4.3a2 2 0 0 0-3.4 0Z',
  error: 'M12 7.5v5.5M12 16.5v.01M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2Z',
  neutral: 'M6 12h12',
  paused: 'M9 6v12M15 6v12',
  folder:
    'M3 7.5V18a1.5 1.5 0 0 0 1.5 1.5h15A1.5 1.5 0 0 0 21 18V9a1.5 1.5 0 0 0-1.5-1.5H12L9.5 5h-5A1.5 1.5 0 0 0 3 6.5Z',
  file: 'M13.5 3H7a1.5 1.5 0 0 0-1.5 1.5v15A1.5 1.5 0 0 0 7 21h10a1.5 1.5 0 0 0 1.5-1.5V8ZM13.5 3v5h5',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1',
  copy: 'M9 9V5.5A1.5 1.5 0 0 1 10.5 4h8A1.5 1.5 0 0 1 20 5.5v8a1.5 1.5 0 0 1-1.5 1.5H15M5.5 9h8A1.5 1.5 0 0 1 15 10.5v8a1.5 1.5 0 0 1-1.5 1.5h-8A1.5 1.5 0 0 1 4 18.5v-8A1.5 1.5 0 0 1 5.5 9Z',
  close: 'M6 6l12 12M18 6 6 18',
  restore: 'M4 12a8 8 0 1 0 2.34-5.66M4 3.5v4h4M12 8v4l3 2',
  next: 'm9 5 7 7-7 7',
  shield: 'M12 3 19 5.6v5.6c0 4.4-2.9 7.8-7 9.3-4.1-1.5-7-4.9-7-9.3V5.6ZM8.8 11.8l2.3 2.3 4.3-4.4',
} as const;
export type IconName = keyof typeof PATHS;

/** A drawing beside a word that says the same; hidden from screen readers. */
export function Icon({
  name,
  size = 20,
  spin = false,
}: {
  name: IconName;
  size?: number;
  spin?: boolean;
}): JSX.Element {
  return (
    <svg
      class={spin ? 'icon icon--spin' : 'icon'}
      viewBox="0 0 24 24"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
