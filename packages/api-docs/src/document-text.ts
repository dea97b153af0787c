/** A document as its file has it: the router sends the very same text. */
export const documentText = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
