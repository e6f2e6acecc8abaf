export const Log = { successTitle: (_: string) => undefined };
