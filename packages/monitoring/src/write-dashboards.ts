import { writeFile } from 'node:fs/promises';
import { OVERVIEW_FILE, overviewText } from './overview-file.ts';

await writeFile(OVERVIEW_FILE, overviewText());
