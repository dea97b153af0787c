import { hashPassword, verifyPassword } from './passwords.ts';

// A worker thread of `PasswordWork`. Its exports are the tasks.

export const hash = ({ password }: { password: string }): string => hashPassword(password);

export const verify = ({ password, phc }: { password: string; phc: string }): boolean => verifyPassword(password, phc);
