/** SQL for "the column starts with", as an index range; takes the prefix twice. No character of it is special. */
export const startsWith = (column: string): string => `${column} >= ? AND ${column} < ? || char(1114111)`;
