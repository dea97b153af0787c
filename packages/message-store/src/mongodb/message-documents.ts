import { isSearchable } from '../message-changes.ts';
import type { TracedMessage } from '../message-store.ts';
import { searchTokensOf } from '../search-tokens.ts';
import type { MessageDocument } from './documents.ts';

export const toMessage = ({ _id, search: _search, ...rest }: MessageDocument): TracedMessage => ({ id: _id, ...rest });

/** @param message has only known and defined fields (`splitValid`) */
export const toDocument = ({ id, ...message }: TracedMessage): MessageDocument => ({
  _id: id,
  ...message,
  ...(message.text !== undefined && isSearchable(message) && { search: { tokens: searchTokensOf(message.text) } }),
});
