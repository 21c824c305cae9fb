import type { ServerResponse } from 'node:http';
import { escapeXml } from './xml.ts';
import type { S3Error } from './error.ts';

export type XmlValue = string | number | boolean | undefined | XmlTree | XmlTree[];
export interface XmlTree {
  [name: string]: XmlValue;
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Answers with an XML document in S3's namespace. */
export function sendXml(response: ServerResponse, root: string, content: XmlTree): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">${render(content)}</${root}>`;
  sendText(response, 200, body);
}

export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  if (status !== 204 && status !== 304 && !('content-length' in headers))
    response.setHeader('content-length', 0);
  response.writeHead(status, headers).end();
}

export function sendError(
  response: ServerResponse,
  error: S3Error,
  options: { resource: string; requestId: string; head: boolean },
): void {
  if (options.head) return sendEmpty(response, error.status);
  const { resource, requestId } = options;
  const content = { Code: error.code, Message: error.message, Resource: resource, RequestId: requestId };
  // Errors carry no namespace, as AWS writes them.
  sendText(
    response,
    error.status,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${render(content)}</Error>`,
  );
}

/** S3's time in XML. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

function sendText(response: ServerResponse, status: number, body: string): void {
  const bytes = Buffer.from(body);
  response
    .writeHead(status, { 'content-type': 'application/xml', 'content-length': bytes.length })
    .end(bytes);
}

function render(tree: XmlTree): string {
  let xml = '';
  for (const [name, value] of Object.entries(tree)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === undefined) continue;
      xml += `<${name}>${typeof item === 'object' ? render(item) : escapeXml(String(item))}</${name}>`;
    }
  }
  return xml;
}
