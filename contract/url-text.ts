/** Go's `url.PathEscape`, which the real agent uses: it leaves `$&+=:@` and unreserved characters as they are. */
export function pathEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(24|26|2B|3D|3A|40)/g, (code) => decodeURIComponent(code))
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A part of an address, decoded. Where a stray `%` makes it no encoded text at all it stands for itself. */
export function decodeUrlPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // `decodeURIComponent` throws a URIError for nothing else.
    return text;
  }
}
