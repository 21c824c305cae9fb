/** Small values that one part writes and another reads. When a plan's password or recovery words were last typed right. */
export const provenKey = (planId: string): string => `password.proven.${planId}`;
