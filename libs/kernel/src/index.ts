export { AppError, isAppError, type AppErrorOptions } from './app-error.js';
export { fixedClock, systemClock, type Clock } from './clock.js';
export { asTenantId, isUuid, type TenantId } from './ids.js';
export type { Json, JsonObject } from './json.js';
export { mapInSlices } from './map-in-slices.js';
export {
  decodeCursor,
  encodeCursor,
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
  pageSize,
  type Page,
  type PageRequest,
} from './page.js';
