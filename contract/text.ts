/**
 * Text from outside (Space, snapshots, file names) as it may reach a terminal or page: control characters, which could
 * drive a terminal, and bidirectional overrides, which could reorder what a person reads, become a visible mark.
 */
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * @param maxLength longest result in UTF-16 units; longer text ends with `…`
 */
export function cleanText(text: string, maxLength = 500): string {
  const visible = text.replace(DANGEROUS, '\ufffd');
  return visible.length <= maxLength ? visible : `${visible.slice(0, maxLength - 1)}…`;
}

/** A text as one word of a shell line that a person may copy. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
