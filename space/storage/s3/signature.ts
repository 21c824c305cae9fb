import { Sha256 } from '@aws-crypto/sha256-js';
import { getSigningKey, SignatureV4 } from '@smithy/signature-v4';
import { equalText, type CredentialClaims, type CredentialIssuer } from '../credentials.ts';
import { claimedSignature, type Claimed } from './claimed-signature.ts';
import { S3Error } from './error.ts';
import type { S3Request } from './request.ts';

/** What continues the signature of the headers over the chunks of a body. */
export interface ChunkSigning {
  key: Uint8Array;
  longDate: string;
  scope: string;
  seed: string;
}

/** Who sent a request, and what its signature says of the body. */
export interface Identity {
  claims: CredentialClaims;
  /** The value of x-amz-content-sha256: a hash, or one of S3's words for streams. */
  payload: string;
  signing: ChunkSigning;
}

const MAX_SKEW_MS = 15 * 60_000;

/** Signs a request anew with AWS's own library, to compare with what the client sent. */
class RequestSigner extends SignatureV4 {
  async signatureOf(request: S3Request, claimed: Claimed): Promise<string> {
    const headers = Object.fromEntries(
      claimed.signedHeaders.map((name) => [name, canonicalValue(request, name)]),
    );
    const query = Object.fromEntries([...request.query].filter(([name]) => name !== 'X-Amz-Signature'));
    const canonical = this.createCanonicalRequest(
      {
        method: request.method,
        protocol: 'http:',
        hostname: '',
        path: request.canonicalPath,
        query,
        headers: {},
      },
      headers,
      claimed.payload,
    );
    const scope = scopeOf(claimed);
    const text = await this.createStringToSign(claimed.longDate, scope, canonical, 'AWS4-HMAC-SHA256');
    return this.sign(text, {
      signingDate: new Date(claimed.signedAtMs),
      signingRegion: claimed.region,
    });
  }
}

/** True for what a Space that shares its port with other things has to hand to the S3 endpoint. */
export function isSigned(headers: { authorization?: string | undefined }, url: string): boolean {
  const authorization = headers.authorization ?? '';
  return /^AWS4?[- ]/.test(authorization) || /[?&]X-Amz-(?:Signature|Algorithm)=/.test(url);
}

/**
 * Checks signature, time and token of a request.
 * @throws S3Error AccessDenied (no signature), InvalidAccessKeyId, InvalidToken, SignatureDoesNotMatch,
 *   ExpiredToken (the client should renew), RequestTimeTooSkewed, AuthorizationHeaderMalformed
 */
export async function authenticate(
  request: S3Request,
  options: { issuer: CredentialIssuer; region: string; nowMs: number },
): Promise<Identity> {
  const claimed = claimedSignature(request);
  checkScope(claimed, options.region);
  checkSignedHeaders(request, claimed);
  const { claims, secretAccessKey } = openToken(claimed, options.issuer);
  checkTime(claimed, options.nowMs);
  const credentials = { accessKeyId: claimed.accessKeyId, secretAccessKey };
  const signer = new RequestSigner({
    service: 's3',
    region: claimed.region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
  });
  if (!equalText(await signer.signatureOf(request, claimed), claimed.signature)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  if (options.nowMs >= claims.expiresAtMs)
    throw new S3Error('ExpiredToken', 'The provided token has expired.');
  const key = await getSigningKey(Sha256, credentials, claimed.longDate.slice(0, 8), claimed.region, 's3');
  return {
    claims,
    payload: claimed.payload,
    signing: { key, longDate: claimed.longDate, scope: scopeOf(claimed), seed: claimed.signature },
  };
}

function checkScope(claimed: Claimed, region: string): void {
  // us-east-1: minio-go signs its question for the bucket's region so, whatever the region is.
  if (claimed.region !== region && claimed.region !== 'us-east-1') {
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The region '${claimed.region}' is wrong; expecting '${region}'`,
    );
  }
}

/** Host and every x-amz header have to be signed, else one on the way could add them. */
function checkSignedHeaders(request: S3Request, claimed: Claimed): void {
  const signed = new Set(claimed.signedHeaders);
  const unsigned = [...request.headers.keys()].filter(
    (name) => name.startsWith('x-amz-') && name !== 'x-amz-user-agent',
  );
  const missing = ['host', ...unsigned].find((name) => !signed.has(name));
  const absent = claimed.signedHeaders.find((name) => !request.headers.has(name));
  if (missing !== undefined || absent !== undefined || signed.size !== claimed.signedHeaders.length) {
    throw new S3Error(
      'AccessDenied',
      `There were headers present in the request which were not signed: ${missing ?? absent ?? 'repeated'}`,
    );
  }
}

function openToken(
  claimed: Claimed,
  issuer: CredentialIssuer,
): { claims: CredentialClaims; secretAccessKey: string } {
  if (claimed.sessionToken === undefined) {
    throw new S3Error(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    );
  }
  const claims = issuer.open(claimed.sessionToken);
  if (claims === undefined)
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  if (claims.accessKeyId !== claimed.accessKeyId) {
    throw new S3Error(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not belong to this token.',
    );
  }
  return { claims, secretAccessKey: issuer.secretFor(claims.accessKeyId, claimed.sessionToken) };
}

function checkTime(claimed: Claimed, nowMs: number): void {
  const signedMs = claimed.signedAtMs;
  if (claimed.expiresSeconds === undefined) {
    if (Math.abs(nowMs - signedMs) <= MAX_SKEW_MS) return;
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  }
  if (nowMs > signedMs + claimed.expiresSeconds * 1000)
    throw new S3Error('AccessDenied', 'Request has expired');
  if (signedMs - nowMs > MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid');
}

function canonicalValue(request: S3Request, name: string): string {
  return (request.headers.get(name) ?? '').replace(/[ \t]+/g, ' ').trim();
}

function scopeOf(claimed: Claimed): string {
  return `${claimed.longDate.slice(0, 8)}/${claimed.region}/s3/aws4_request`;
}
