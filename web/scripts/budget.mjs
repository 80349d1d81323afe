/**
 * Weighs what the first load of each page brings of JavaScript, compressed: its script and all that it imports. Fails
 * where a page is too heavy.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const MOST = 200_000
const dist = join(import.meta.dirname, '../dist')
const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'))

function filesOf(entry, files = new Set()) {
  const chunk = manifest[entry]
  if (files.has(chunk.file)) return files
  files.add(chunk.file)
  for (const imported of chunk.imports ?? []) filesOf(imported, files)
  return files
}

const weightOf = (file) => gzipSync(readFileSync(join(dist, file))).length
let isTooMuch = false
for (const page of Object.keys(manifest).filter((name) => manifest[name].isEntry)) {
  const files = [...filesOf(page)]
  const weight = files.reduce((sum, file) => sum + weightOf(file), 0)
  isTooMuch ||= weight > MOST
  const kilobytes = `${(weight / 1000).toFixed(1)} kB`
  console.log(`${page.padEnd(22)}${kilobytes.padStart(9)} of JavaScript${weight > MOST ? ', too much' : ''}`)
}
process.exit(isTooMuch ? 1 : 0)
