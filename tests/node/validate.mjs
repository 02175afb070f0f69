// validate.mjs - ajv over answers: lines of {"type": definition, "value": object, "where": text} on standard input against
// graph.schema.json or, for the connector, connector.swagger.json; a type that begins with '/' is a JSON pointer into it. Prints what
// does not fit, and exits 1 where there is such.
//
//   node validate.mjs --modules DIR [--schema FILE] <answers.jsonl
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { modules: { type: 'string' }, schema: { type: 'string', default: 'graph.schema.json' } } });
const require = createRequire(path.join(path.resolve(options.modules), 'package.json'));
const Ajv = require('ajv');

// Swagger 2.0 has no type for null: x-nullable says where recorded answers have it.
function withNull(schema) {
  if (Array.isArray(schema)) return schema.map(withNull);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, withNull(value)]));
  return copy['x-nullable'] === true ? { anyOf: [copy, { type: 'null' }] } : copy;
}

const schema = withNull(JSON.parse(fs.readFileSync(new URL(options.schema, import.meta.url))));
const ajv = new Ajv({ allErrors: true, strict: false });
require('ajv-formats')(ajv);
ajv.addSchema({ ...schema, $id: 'schema' });

let bad = 0;
let checked = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { type, value, where } = JSON.parse(line);
  const validate = ajv.getSchema(`schema#${type.startsWith('/') ? type : `/definitions/${type}`}`);
  checked += 1;
  if (!validate || !validate(value)) {
    bad += 1;
    console.log(where, type, validate ? ajv.errorsText(validate.errors).slice(0, 500) : 'no such type');
  }
}
console.log(`${checked} checked, ${bad} bad`);
process.exit(bad || !checked ? 1 : 0);
