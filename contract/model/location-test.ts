import * as Type from 'typebox';
import type { Static } from 'typebox';
import type { ErrorBody } from '../errors.ts';
import { HostKey } from './plan.ts';
import { DoctorCheck } from './status.ts';

/** A host key as the host itself shows it: a person has to compare it. */
export const OfferedHostKey = Type.Object({
  key: HostKey,
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: Type.String(),
});
export type OfferedHostKey = Static<typeof OfferedHostKey>;

/** What a connection to a plan's location showed. Nothing of it stays there. */
export const LocationTest = Type.Object({
  /** In order; the last one is what failed, where something did. */
  steps: Type.Array(DoctorCheck),
  /** Why the location cannot be used. */
  failure: Type.Optional(
    Type.Unsafe<ErrorBody>(Type.Object({ code: Type.String(), message: Type.String() })),
  ),
  /** Of an SSH host whose key nobody confirmed yet; nothing else was tried then. */
  hostKeys: Type.Optional(Type.Array(OfferedHostKey)),
});
export type LocationTest = Static<typeof LocationTest>;
