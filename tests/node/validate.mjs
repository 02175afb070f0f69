// validate.mjs - ajv over Graph's answers: lines of {"type": definition, "value": object, "where": text} on standard input against
// graph.schema.json. Prints what does not fit, and exits 1 where there is such.
//
//   node validate.mjs --modules DIR <answers.jsonl
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ options: { modules: { type: 'string' } } });
const require = createRequire(path.join(path.resolve(options.modules), 'package.json'));
const Ajv = require('ajv');
const schema = JSON.parse(fs.readFileSync(new URL('graph.schema.json', import.meta.url)));
const ajv = new Ajv({ allErrors: true, strict: false });
require('ajv-formats')(ajv);
ajv.addSchema({ ...schema, $id: 'graph' });

let bad = 0;
let checked = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { type, value, where } = JSON.parse(line);
  const validate = ajv.getSchema(`graph#/definitions/${type}`);
  checked += 1;
  if (!validate || !validate(value)) {
    bad += 1;
    console.log(where, type, validate ? ajv.errorsText(validate.errors).slice(0, 500) : 'no such type');
  }
}
console.log(`${checked} checked, ${bad} bad`);
process.exit(bad || !checked ? 1 : 0);
