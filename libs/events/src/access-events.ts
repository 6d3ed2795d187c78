/** Readable `data` of each access event. */
export const accessEvents = {} as const;
