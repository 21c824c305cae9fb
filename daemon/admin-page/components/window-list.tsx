import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface WindowListProps<T> {
  readonly items: readonly T[];
  readonly rowHeightPx: number;
  readonly label: string;
  readonly keyOf: (item: T) => string;
  readonly renderRow: (item: T) => JSX.Element;
}

const ROWS_AROUND = 12;

/** A list of any length of which only the rows near the screen exist; the page itself scrolls. */
export function WindowList<T>({
  items,
  rowHeightPx,
  label,
  keyOf,
  renderRow,
}: WindowListProps<T>): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const { first, count } = useVisibleRows(list, rowHeightPx);
  const from = Math.max(0, Math.min(first - ROWS_AROUND, items.length - 1));
  const visible = items.slice(from, first + count + ROWS_AROUND);
  return (
    <ul class="rows" ref={list} aria-label={label} style={{ height: `${items.length * rowHeightPx}px` }}>
      {visible.map((item, index) => (
        <li
          key={keyOf(item)}
          class="row"
          aria-setsize={items.length}
          aria-posinset={from + index + 1}
          style={{ height: `${rowHeightPx}px`, transform: `translateY(${(from + index) * rowHeightPx}px)` }}
        >
          {renderRow(item)}
        </li>
      ))}
    </ul>
  );
}

function useVisibleRows(list: { current: HTMLElement | null }, rowHeightPx: number) {
  const [rows, setRows] = useState({ first: 0, count: Math.ceil(innerHeight / rowHeightPx) });
  useEffect(() => {
    const look = () => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowHeightPx));
      const count = Math.ceil(innerHeight / rowHeightPx);
      setRows((old) => (old.first === first && old.count === count ? old : { first, count }));
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look, { passive: true });
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [rowHeightPx]);
  return rows;
}
