/** The version of the public contract, in both documents. */
export const CONTRACT_VERSION = '0.1.0';

/** Returns the text of a document. The router serves the same text as the file in `docs/`. */
export const documentText = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
