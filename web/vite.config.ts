import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'

import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const root = import.meta.dirname
const pages = readdirSync(root).filter((name) => name.endsWith('.html'))
/** Where `make web` sends what is no page: the program as `make run` starts it. */
const service = process.env['DASHOP_URL'] ?? 'http://127.0.0.1:8000'

/** Imports the styles of each component of Element Plus that a module imports, and no others. */
const elementStyles: Plugin = {
  name: 'element-styles',
  transform: {
    filter: { id: { exclude: /node_modules/ }, code: /from\s*['"]element-plus['"]/ },
    handler(code) {
      const withStyles = code.replace(/import\s*\{([^}]*)\}\s*from\s*['"]element-plus['"]/g, (statement, names: string) => {
        const components = [...names.matchAll(/(?:^|,)\s*El(\w+)/g)].map(([, name = '']) => name)
        const folders = components.map((name) => name.replace(/\B[A-Z]/g, '-$&').toLowerCase())
        // On the import's own line, so that no line moves and the page's own styles still come behind.
        return [statement, ...folders.map((folder) => `import 'element-plus/es/components/${folder}/style/css'`)].join(';')
      })
      return { code: withStyles, map: null }
    },
  },
}

export default defineConfig({
  plugins: [vue(), elementStyles],
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
