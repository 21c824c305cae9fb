import type { Call } from './call.ts';
import { S3Error } from './error.ts';
import { childText, parseXml } from './xml.ts';
import { checkKey } from './request.ts';
import { isoTime, sendEmpty, sendXml, type XmlTree } from './respond.ts';
import { requireKey } from './rights.ts';
import { readDocument } from './body.ts';

const MAX_DELETES = 1_000;

export function listBuckets(call: Call): void {
  const { accountId } = call.identity.claims;
  sendXml(call.response, 'ListAllMyBucketsResult', {
    Owner: { ID: accountId, DisplayName: accountId },
    Buckets: { Bucket: [{ Name: call.config.bucket, CreationDate: isoTime(0) }] },
  });
}

export function headBucket(call: Call): void {
  sendEmpty(call.response, 200, { 'x-amz-bucket-region': call.config.region });
}

/** The bucket is always there; a client that makes sure of it is told so as its owner would be. */
export function createBucket(call: Call): void {
  sendEmpty(call.response, 200, { location: `/${call.config.bucket}` });
}

export function getBucketLocation(call: Call): void {
  const { region } = call.config;
  // us-east-1 is written as nothing, and the element's content is text, so the tree form does not fit.
  const body = region === 'us-east-1' ? '' : region;
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${body}</LocationConstraint>`;
  call.response
    .writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) })
    .end(xml);
}

export function getBucketVersioning(call: Call): void {
  sendXml(call.response, 'VersioningConfiguration', {});
}

export async function deleteObjects(call: Call): Promise<void> {
  const { request, identity, store } = call;
  const root = parseXml(await readDocument(request, identity));
  const keys = root.children
    .filter((child) => child.name === 'Object')
    .map((child) => childText(child, 'Key'));
  if (root.name !== 'Delete' || keys.length === 0 || keys.length > MAX_DELETES) {
    throw new S3Error('MalformedXML', 'Delete must name 1 to 1000 objects.');
  }
  const deleted: XmlTree[] = [];
  const errors: XmlTree[] = [];
  for (const key of keys) {
    if (key === undefined || key === '') throw new S3Error('MalformedXML', 'An object to delete has no key.');
    try {
      checkKey(key);
      requireKey(identity.claims, 'delete', key);
      await store.remove(key);
      deleted.push({ Key: key });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      errors.push({ Key: key, Code: error.code, Message: error.message });
    }
  }
  const quiet = childText(root, 'Quiet') === 'true';
  sendXml(call.response, 'DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors });
}
