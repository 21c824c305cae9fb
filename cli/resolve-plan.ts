import { AppError, cleanText } from '../contract/index.ts';
import type { Session } from './session.ts';

/**
 * The plan that is meant: as named, or the only one, or the one a person picks.
 * @throws AppError `invalid_input` when it cannot be known, with the names to choose from
 */
export async function resolvePlan(session: Session, name: string | undefined): Promise<string> {
  if (name !== undefined && name !== '') return name;
  const plans = await session.api.call('listPlans');
  const [first] = plans;
  if (!first) {
    throw new AppError('not_found', 'there is no plan yet', {
      hint: 'add one: olares-backup plan add NAME --path DIR',
    });
  }
  if (plans.length === 1) return first.name;
  if (session.interactive) {
    const { selectOne } = await import('./prompts/prompts.ts');
    return selectOne(
      'Which plan?',
      plans.map((plan) => ({ value: plan.name, name: cleanText(plan.name, 60) })),
    );
  }
  const names = plans.map((plan) => cleanText(plan.name, 60)).join(', ');
  throw new AppError('invalid_input', 'there is more than one plan', {
    field: 'plan',
    hint: `name one of: ${names}`,
  });
}
