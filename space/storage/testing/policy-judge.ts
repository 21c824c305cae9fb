/** A request as a policy sees it. */
export interface JudgedRequest {
  /** `s3:GetObject` … */
  readonly action: string;
  /** `arn:aws:s3:::bucket/key` */
  readonly resource: string;
  /** Values of condition keys; those that are absent do not match `StringLike`. */
  readonly context: Readonly<Record<string, string | undefined>>;
}

type Statement = Record<string, unknown>;

const KNOWN = new Set(['Effect', 'Action', 'Resource', 'NotResource', 'Condition']);

/**
 * Judges by a policy as a cluster would: a denial wins, what is not allowed is denied. Our own reading of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * @throws Error for an element it does not know, so that none is passed over
 */
export function isPermitted(policy: string, request: JudgedRequest): boolean {
  const { Version, Statement: statements } = JSON.parse(policy) as {
    Version: string;
    Statement: Statement[];
  };
  if (Version !== '2012-10-17') throw new Error(`policy version ${Version}`);
  const effects = statements.filter((statement) => fits(statement, request)).map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

function fits(statement: Statement, { action, resource, context }: JudgedRequest): boolean {
  const unknown = Object.keys(statement).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw new Error(`policy element ${unknown}`);
  const isNamed = (element: string, text: string) =>
    (statement[element] as string[]).some((pattern) => glob(pattern).test(text));
  if (!isNamed('Action', action)) return false;
  const isThere = 'Resource' in statement ? isNamed('Resource', resource) : !isNamed('NotResource', resource);
  return (
    isThere && meets(statement['Condition'] as Record<string, Record<string, string[]>> | undefined, context)
  );
}

function meets(
  condition: Record<string, Record<string, string[]>> | undefined,
  context: JudgedRequest['context'],
): boolean {
  return Object.entries(condition ?? {}).every(([operator, keys]) => {
    if (operator !== 'StringLike') throw new Error(`condition ${operator}`);
    return Object.entries(keys).every(([key, patterns]) => {
      const value = context[key];
      return value !== undefined && patterns.some((pattern) => glob(pattern).test(value));
    });
  });
}

function glob(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`, 's');
}
