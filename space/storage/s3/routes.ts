import * as buckets from './buckets.ts';
import type { Operation } from './call.ts';
import { S3Error } from './error.ts';
import { listObjectsV1, listObjectsV2 } from './listing.ts';
import * as multipart from './multipart.ts';
import * as objects from './objects.ts';
import type { S3Request } from './request.ts';

interface Route {
  name: string;
  level: 'service' | 'bucket' | 'object';
  method: string;
  /** Query parameters or a header that tell it from the others of its method. The first match wins. */
  query?: string[];
  header?: string;
  run: Operation;
}

const ROUTES: Route[] = [
  { name: 'ListBuckets', level: 'service', method: 'GET', run: buckets.listBuckets },
  { name: 'HeadBucket', level: 'bucket', method: 'HEAD', run: buckets.headBucket },
  { name: 'CreateBucket', level: 'bucket', method: 'PUT', run: buckets.createBucket },
  {
    name: 'GetBucketLocation',
    level: 'bucket',
    method: 'GET',
    query: ['location'],
    run: buckets.getBucketLocation,
  },
  {
    name: 'GetBucketVersioning',
    level: 'bucket',
    method: 'GET',
    query: ['versioning'],
    run: buckets.getBucketVersioning,
  },
  {
    name: 'ListMultipartUploads',
    level: 'bucket',
    method: 'GET',
    query: ['uploads'],
    run: multipart.listUploads,
  },
  { name: 'ListObjectsV2', level: 'bucket', method: 'GET', query: ['list-type'], run: listObjectsV2 },
  { name: 'ListObjects', level: 'bucket', method: 'GET', run: listObjectsV1 },
  { name: 'DeleteObjects', level: 'bucket', method: 'POST', query: ['delete'], run: buckets.deleteObjects },
  { name: 'ListParts', level: 'object', method: 'GET', query: ['uploadId'], run: multipart.listParts },
  { name: 'GetObject', level: 'object', method: 'GET', run: objects.getObject },
  { name: 'HeadObject', level: 'object', method: 'HEAD', run: objects.headObject },
  {
    name: 'UploadPart',
    level: 'object',
    method: 'PUT',
    query: ['uploadId', 'partNumber'],
    run: multipart.uploadPart,
  },
  {
    name: 'CopyObject',
    level: 'object',
    method: 'PUT',
    header: 'x-amz-copy-source',
    run: objects.copyObject,
  },
  { name: 'PutObject', level: 'object', method: 'PUT', run: objects.putObject },
  {
    name: 'AbortMultipartUpload',
    level: 'object',
    method: 'DELETE',
    query: ['uploadId'],
    run: multipart.abortUpload,
  },
  { name: 'DeleteObject', level: 'object', method: 'DELETE', run: objects.deleteObject },
  {
    name: 'CreateMultipartUpload',
    level: 'object',
    method: 'POST',
    query: ['uploads'],
    run: multipart.createUpload,
  },
  {
    name: 'CompleteMultipartUpload',
    level: 'object',
    method: 'POST',
    query: ['uploadId'],
    run: multipart.completeUpload,
  },
];

/** Sub-resources of S3 that this endpoint does not have. Without this list `PUT key?acl` would overwrite the object. */
const ABSENT =
  /^(?:accelerate|acl|analytics|attributes|cors|encryption|intelligent-tiering|inventory|legal-hold|lifecycle|logging|metrics|notification|object-lock|ownershipControls|policy|policyStatus|publicAccessBlock|replication|requestPayment|restore|retention|select|select-type|session|tagging|torrent|versionId|versions|website)$/;

/** @throws S3Error NotImplemented, MethodNotAllowed */
export function findRoute(request: S3Request): Route {
  const absent = [...request.query.keys()].find((name) => ABSENT.test(name));
  const copiesPart = request.query.has('uploadId') && request.headers.has('x-amz-copy-source');
  if (absent !== undefined || copiesPart) {
    throw new S3Error(
      'NotImplemented',
      `This storage does not have ${copiesPart ? 'UploadPartCopy' : absent}.`,
    );
  }
  const level = request.bucket === '' ? 'service' : request.key === '' ? 'bucket' : 'object';
  const route = ROUTES.find(
    (candidate) =>
      candidate.level === level &&
      candidate.method === request.method &&
      (candidate.query ?? []).every((name) => request.query.has(name)) &&
      (candidate.header === undefined || request.headers.has(candidate.header)),
  );
  if (route === undefined)
    throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  return route;
}
