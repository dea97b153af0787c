/** The version of the public contract, which both documents carry. */
export const CONTRACT_VERSION = '0.1.0';
