/** One person or machine of the demo, with the role that it is given. */
export interface DemoPerson {
  /** `name@tenant`: how the development issuer knows it, and its subject. */
  readonly id: string;
  readonly tenant: string;
  readonly displayName: string;
  /** Null for a machine. */
  readonly email: string | null;
  readonly kind: 'user' | 'service';
  readonly role: string;
}

export const DEMO_TENANTS = [
  { slug: 'acme', displayName: 'Acme Bank' },
  { slug: 'globex', displayName: 'Globex Insurance' },
  { slug: 'installation', displayName: 'Operators of this installation' },
] as const;

function person(
  id: string,
  displayName: string,
  role: string,
  kind: DemoPerson['kind'] = 'user',
): DemoPerson {
  const [name = id, tenant = 'installation'] = id.split('@');
  const email = kind === 'user' ? `${name}@${tenant}.example` : null;
  return { id, tenant, displayName, email, kind, role };
}

/** The people of the demo. They have no passwords: whoever reaches the development issuer may be any of them. */
export const DEMO_PEOPLE: readonly DemoPerson[] = [
  person('ana@acme', 'Ana Auditor', 'auditor'),
  person('carl@acme', 'Carl Compliance', 'compliance-officer'),
  person('abel@acme', 'Abel Approver', 'approver'),
  person('beth@acme', 'Beth Approver', 'approver'),
  person('mona@acme', 'Mona Modelowner', 'model-owner'),
  person('eli@acme', 'Eli Engineer', 'ml-engineer'),
  person('tara@acme', 'Tara Tenantadmin', 'tenant-admin'),
  person('spark@acme', 'Spark pipeline', 'pipeline', 'service'),
  person('greg@globex', 'Greg Auditor', 'auditor'),
  person('gail@globex', 'Gail Tenantadmin', 'tenant-admin'),
  person('gus@globex', 'Gus Approver', 'approver'),
  person('omar', 'Omar Operator', 'operator'),
];

/** The person of that name, or undefined. */
export function demoPerson(id: string): DemoPerson | undefined {
  return DEMO_PEOPLE.find((candidate) => candidate.id === id);
}
