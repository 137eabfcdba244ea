import {
  type CibClient,
  CibFileError,
  type CibRequest,
  cibFileOf,
  cibOption,
  cibResultText,
  connectCib,
} from '@sanode/cib';
import { announcedRelease } from '@sanode/runtime';
import {
  type ClusterNode,
  definitionId,
  type Resource,
  unpack,
  type WorkingSet,
  withDescendants,
} from '@sanode/scheduler';
import { plainReport, Report } from '@sanode/status';
import type { Element } from '@sanode/xml';
import { exitCode, exitCodeOf, resultOfConnectionError } from '../../common/cib-exit.ts';
import { ToolRefusal } from '../../common/tool-frame.ts';
import { refuse } from './request.ts';

/** The cluster as crm_resource sees it: a connection to the CIB, and the model of what is in it. */
export class Cluster {
  readonly #client: CibClient;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #set: WorkingSet;

  private constructor(client: CibClient, env: Readonly<Record<string, string | undefined>>, set: WorkingSet) {
    this.#client = client;
    this.#env = env;
    this.#set = set;
  }

  /** @throws {ToolRefusal} when there is no CIB */
  static async connect(env: Readonly<Record<string, string | undefined>>, writable: boolean): Promise<Cluster> {
    let client: CibClient;
    try {
      client = await connectCib({ clientName: 'crm_resource', writable, env });
    } catch (error) {
      if (error instanceof CibFileError) {
        throw refuse(`Could not connect to the CIB: ${error.message}`, exitCode.noSuchObject);
      }
      const rc = resultOfConnectionError(error);
      throw refuse(`Could not connect to the CIB: ${cibResultText(rc)}`, exitCodeOf(rc));
    }
    try {
      return new Cluster(client, env, unpack(await query(client), unpackOptions()));
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** The model of the last CIB that was read. */
  get set(): WorkingSet {
    return this.#set;
  }

  get cib(): Element {
    return this.#set.cib;
  }

  /** Whether this is a file, with no cluster behind it. */
  get isFile(): boolean {
    return cibFileOf(this.#env) !== undefined;
  }

  /** Reads the CIB anew. @throws {ToolRefusal} */
  async reload(): Promise<void> {
    this.#set = unpack(await query(this.#client), unpackOptions());
  }

  /** A change. @throws {ToolRefusal} unless it succeeds, or there was nothing to delete */
  async change(request: CibRequest, force: boolean): Promise<void> {
    const options = (request.options ?? 0) | cibOption.syncCall | (force ? cibOption.quorumOverride : 0);
    let rc: number;
    try {
      ({ rc } = await this.#client.call({ ...request, options }));
    } catch (error) {
      rc = resultOfConnectionError(error);
    }
    const nothingToDelete = request.operation === 'cib_delete' && rc === -6;
    if (rc !== 0 && !nothingToDelete) {
      throw new ToolRefusal(`crm_resource: Error performing operation: ${cibResultText(rc)}`, exitCodeOf(rc));
    }
  }

  /**
   * A resource by its id, an instance's id, or the id of what is cloned (then its first instance).
   * @throws {ToolRefusal} when there is none
   */
  resource(id: string, anyName = false): Resource {
    const found = this.findResource(id);
    const isInstanceOfUnique = found !== undefined && found.id !== id && found.unique;
    if (found === undefined || (isInstanceOfUnique && !anyName))
      throw refuse(`Resource '${id}' not found`, exitCode.noSuchObject);
    return found;
  }

  findResource(id: string): Resource | undefined {
    const exact = this.#set.resourcesById.get(id);
    if (exact !== undefined) return exact;
    for (const top of this.#set.resources) {
      for (const each of withDescendants(top)) if (definitionId(each) === id || each.historyId === id) return each;
    }
    return undefined;
  }

  /** @throws {ToolRefusal} when there is no such node */
  node(name: string): ClusterNode {
    const found = this.#set.nodesByName.get(name.toLowerCase()) ?? this.#set.nodesById.get(name.toLowerCase());
    if (found === undefined) throw refuse(`Node '${name}' not found`, exitCode.noSuchObject);
    return found;
  }

  /** For the forms that crm_mon has too. @param resourceOnly without nodes, with descriptions */
  report(resourceOnly: boolean): Report {
    return new Report(this.#set, {
      ...plainReport,
      sections: new Set(['resources']),
      release: announcedRelease().name,
      resourceOnly,
    });
  }

  close(): void {
    this.#client.close();
  }
}

function unpackOptions(): { nowMs: number; utcOffsetSeconds: number } {
  return { nowMs: Date.now(), utcOffsetSeconds: -new Date().getTimezoneOffset() * 60 };
}

async function query(client: CibClient): Promise<Element> {
  let rc: number;
  try {
    const reply = await client.call({ operation: 'cib_query', options: cibOption.scopeLocal | cibOption.syncCall });
    if (reply.rc === 0 && reply.data !== undefined) return reply.data;
    rc = reply.rc === 0 ? -6 : reply.rc;
  } catch (error) {
    rc = resultOfConnectionError(error);
  }
  throw new ToolRefusal(`crm_resource: Error performing operation: ${cibResultText(rc)}`, exitCodeOf(rc));
}
