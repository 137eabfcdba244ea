/** Parts of a report that can be asked for and left out (cli-crm.md 4.2). */
export const sections = [
  'attributes',
  'bans',
  'counts',
  'dc',
  'failcounts',
  'failures',
  'fencing-failed',
  'fencing-pending',
  'fencing-succeeded',
  'maint-mode',
  'nodes',
  'operations',
  'options',
  'resources',
  'stack',
  'tickets',
  'times',
] as const;
export type Section = (typeof sections)[number];

/** What a report shows, and how. */
export interface ReportOptions {
  readonly sections: ReadonlySet<Section>;
  /** Resources below the nodes that they run on. */
  readonly groupByNode: boolean;
  /** Also resources that are not active. */
  readonly inactive: boolean;
  /** Node ids, instances, implicit resources, technical failure lines. */
  readonly detail: boolean;
  /** Counts by agent. */
  readonly brief: boolean;
  /** When and how long operations ran. */
  readonly timing: boolean;
  /** Only bans whose id begins so. */
  readonly bansPrefix: string;
  /** Names of the nodes that are shown; undefined: all. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** Ids of the resources that are shown; undefined: all. */
  readonly resources: ReadonlySet<string> | undefined;
  /** Wording of which release. */
  readonly release: '2.1' | '3.0';
  /** Node that the report is made on (3.0 names it), when known. */
  readonly localNode: string | undefined;
  /** Primitives without their nodes, with their descriptions (`crm_resource -L`). Default false. */
  readonly resourceOnly?: boolean;
  /** State of pacemakerd (3.0: in the stack line), when it was asked. */
  readonly launcherState: string | undefined;
}

/** A plain report of everything configured, as tools other than crm_mon show parts of it; they choose the rest. */
export const plainReport: Omit<ReportOptions, 'sections' | 'release'> = {
  groupByNode: false,
  inactive: true,
  detail: false,
  brief: false,
  timing: false,
  bansPrefix: '',
  nodes: undefined,
  resources: undefined,
  localNode: undefined,
  launcherState: undefined,
};

/** Groups of sections by the name that stands for them. */
export const sectionGroups: Readonly<Record<string, readonly Section[]>> = {
  fencing: ['fencing-failed', 'fencing-pending', 'fencing-succeeded'],
  summary: ['stack', 'dc', 'times', 'counts', 'options', 'maint-mode'],
};
