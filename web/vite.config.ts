import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'

import vue from '@vitejs/plugin-vue'
import ElementPlus from 'unplugin-element-plus/vite'
import { defineConfig } from 'vitest/config'

const root = import.meta.dirname
const pages = readdirSync(root).filter((name) => name.endsWith('.html'))
/** Where `make web` sends what is no page: the program as `make run` starts it. */
const service = process.env['DASHOP_URL'] ?? 'http://127.0.0.1:8000'

export default defineConfig({
  // Element Plus brings the styles of each component that a page imports, and no others.
  plugins: [vue(), ElementPlus({})],
  resolve: { alias: { '@': resolve(root, 'src') } },
  build: {
    target: 'es2022',
    // scripts/budget.mjs weighs the pages by it.
    manifest: 'manifest.json',
    // The policy of the pages allows no data: in scripts or styles, and small files compress well as they are.
    assetsInlineLimit: 0,
    rolldownOptions: { input: pages.map((name) => resolve(root, name)) },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/v1', '/media', '/docs', '/openapi.json', '/healthz', '/readyz'].map((path) => [path, service]),
    ),
  },
  test: { include: ['src/**/*.test.ts'] },
})
