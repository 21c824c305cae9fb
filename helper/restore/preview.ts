import { AppError } from '../../contract/errors.ts';
export const preview = async (_request: unknown, _session: unknown): Promise<never> => {
  throw new AppError('failed', 'x');
};
