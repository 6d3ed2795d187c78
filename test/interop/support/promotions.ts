import type { Answer, Person } from './person.js';
import { until } from './until.js';

const RESULT = `__typename
  ... on PromotionRequest { id state rowVersion }
  ... on Refusal { code message }`;

interface Request {
  readonly id: string;
  readonly state: string;
  readonly rowVersion: number;
}

/** One promotion command. Throws when it is refused. */
async function command(
  person: Person,
  mutation: string,
  type: string,
  input: object,
): Promise<Request> {
  const data = await person.ask(
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${RESULT} } }`,
    { input },
  );
  const result: Answer = data[mutation];
  if (result.__typename === 'PromotionRequest') return result;
  throw new Error(`${mutation} was refused: ${result.code} ${result.message}`);
}

/** Asks for a promotion, has it approved by two people, and executes it. Resolves when it was seen to hold. */
export async function promote(
  people: { readonly owner: Person; readonly approvers: readonly Person[] },
  what: { readonly model: string; readonly version: string; readonly target: string },
): Promise<Request> {
  const { approvers, owner } = people;
  const reason = 'Better on the held-out quarter.';
  let request = await command(owner, 'requestPromotion', 'RequestPromotionInput', {
    ...what,
    reason,
  });
  for (const approver of approvers) {
    const { id, rowVersion } = request;
    const vote = { requestId: id, rowVersion, decision: 'APPROVE', role: 'approver' };
    request = await command(approver, 'castVote', 'CastVoteInput', vote);
  }
  const { id, rowVersion } = request;
  await command(owner, 'executePromotion', 'PromotionCommandInput', { requestId: id, rowVersion });
  return until(
    `request ${id} to be verified`,
    async () =>
      (
        await owner.ask('query ($id: ID!) { promotionRequest(id: $id) { id state rowVersion } }', {
          id,
        })
      ).promotionRequest as Request,
    ({ state }) => state === 'VERIFIED',
  );
}
