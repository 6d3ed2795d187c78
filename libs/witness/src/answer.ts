/** What a witness answers, as C2SP tlog-witness spells it over HTTP. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: 'text/plain; charset=utf-8' | 'text/x.tlog.size';
  readonly body: string;
}

/** The cosignature lines, or a sentence that says what is wrong. */
export function answer(status: WitnessAnswer['status'], text: string): WitnessAnswer {
  return {
    status,
    contentType: 'text/plain; charset=utf-8',
    body: text.endsWith('\n') ? text : `${text}\n`,
  };
}

/** 409: the size that was cosigned last, for the client to prove from. */
export function otherSize(size: bigint): WitnessAnswer {
  return { status: 409, contentType: 'text/x.tlog.size', body: `${size}\n` };
}
