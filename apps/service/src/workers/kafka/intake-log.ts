/** The part of a pino logger that the intake writes to. */
export interface IntakeLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
