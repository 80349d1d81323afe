/** Compresses what was built, once and thoroughly, so that the program need not do it for each request. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = join(import.meta.dirname, '../dist')
// It was for weighing; the program need not carry it.
rmSync(join(dist, 'manifest.json'))

const COMPRESSIBLE = /\.(?:html|js|css|svg)$/

for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name)
  if (!COMPRESSIBLE.test(name) || !statSync(file).isFile()) continue
  const plain = readFileSync(file)
  const forms = [
    ['br', brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } })],
    ['gz', gzipSync(plain, { level: 9 })],
  ]
  for (const [ending, compressed] of forms) {
    if (compressed.length < plain.length) writeFileSync(`${file}.${ending}`, compressed)
  }
}
