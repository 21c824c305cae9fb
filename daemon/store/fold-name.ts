/** A name as it is searched for: no difference between capital and small letters, nor between forms of one letter. */
export const foldName = (name: string): string => name.normalize('NFC').toLowerCase();
