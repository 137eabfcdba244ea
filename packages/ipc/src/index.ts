export { connectIpc, type IpcClient, type IpcClientOptions, IpcError } from './client.ts';
export { FrameError } from './frame.ts';
export { type PeerCredentials, unknownId } from './peer-credentials.ts';
export {
  type IpcServer,
  type IpcServerClient,
  type IpcServerHandlers,
  type IpcServerOptions,
  listenIpc,
} from './server.ts';
export { connectXmlIpc, listenXmlIpc, sendXmlEvent, type XmlIpcClient, type XmlIpcHandlers } from './xml-ipc.ts';
