/** Readable `data` of each promotion event. */
export const promotionEvents = {} as const;
