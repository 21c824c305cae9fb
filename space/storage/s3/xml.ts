import { S3Error } from './error.ts';

/** One element of a request body: S3's requests use no attributes that matter and no mixed content. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

const MAX_DEPTH = 8;
const TOKEN =
  /<\?xml[^?]*\?>|<!--|<!\[CDATA\[|<!|<\/([A-Za-z][\w:.-]*)\s*>|<([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;

/**
 * Reads one small XML document, strictly: no DTD, no comment, no CDATA, no processing instruction but the
 * declaration, only the predefined and numeric entities. What S3 clients send fits; nothing can expand.
 * @throws S3Error MalformedXML
 */
export function parseXml(source: string): XmlElement {
  const document: XmlElement = { name: '', text: '', children: [] };
  const open = [document];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const token = TOKEN.exec(source);
    if (token === null) throw malformed();
    readToken(token, open);
  }
  const [root] = document.children;
  if (open.length !== 1 || root === undefined || document.children.length !== 1) throw malformed();
  if (document.text.replace('\uFEFF', '').trim() !== '') throw malformed();
  return root;
}

/** The text of the first child of that name. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** S3 writes control characters as numeric references too; clients that must have them ask for encoding-type=url. */
export function escapeXml(text: string): string {
  return text.replace(
    /[&<>"'\x00-\x1f\x7f]/g,
    (character) => ESCAPES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

const ESCAPES: Partial<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function readToken(token: RegExpExecArray, open: XmlElement[]): void {
  const [text, closing, opening, , empty] = token;
  const parent = open.at(-1);
  if (parent === undefined) throw malformed();
  if (closing !== undefined) closeElement(parent, localName(closing), open);
  else if (opening !== undefined) openElement(parent, localName(opening), { open, isEmpty: empty !== '' });
  else if (!text.startsWith('<')) parent.text += unescapeXml(text);
  // Only the declaration is left, and it may only come first.
  else if (!text.startsWith('<?xml') || token.index !== 0) throw malformed();
}

function openElement(
  parent: XmlElement,
  name: string,
  options: { open: XmlElement[]; isEmpty: boolean },
): void {
  const element: XmlElement = { name, text: '', children: [] };
  parent.children.push(element);
  if (!options.isEmpty) options.open.push(element);
  if (options.open.length > MAX_DEPTH) throw malformed();
}

function closeElement(element: XmlElement, name: string, open: XmlElement[]): void {
  if (open.length < 2 || element.name !== name) throw malformed();
  open.pop();
}

function unescapeXml(text: string): string {
  return text.replace(/&([^;&\s]{0,12});?/g, (reference, name: string) => {
    if (!reference.endsWith(';')) throw malformed();
    const predefined = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name];
    if (predefined !== undefined) return predefined;
    const numeric = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    if (numeric === null) throw malformed();
    const code = numeric[1] === undefined ? Number(numeric[2]) : Number.parseInt(numeric[1], 16);
    if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformed();
    return String.fromCodePoint(code);
  });
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function malformed(): S3Error {
  return new S3Error(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema.',
  );
}
