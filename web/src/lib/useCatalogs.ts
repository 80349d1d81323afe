import { ref } from 'vue'

import { frontPage } from '@/api/goods'

import { keptInTab } from './storage'

interface Entry {
  id: number
  name: string
}

const KEY = 'dashop_catalogs'
const catalogs = ref<Entry[]>(remembered())
let isAsked = false

function remembered(): Entry[] {
  try {
    const found: unknown = JSON.parse(keptInTab.get(KEY) ?? '[]')
    const isEntry = (value: unknown): value is Entry =>
      typeof value === 'object' && value !== null && 'id' in value && Number.isInteger(value.id) && 'name' in value
    return Array.isArray(found) ? found.filter(isEntry) : []
  } catch {
    return []
  }
}

/** Uses the catalogs that the front page has loaded. */
export function rememberCatalogs(read: readonly Entry[]): void {
  isAsked = true
  catalogs.value = read.map(({ id, name }) => ({ id, name }))
  keptInTab.set(KEY, JSON.stringify(catalogs.value))
}

/** The catalogs for the navigation, loaded once per tab. Without them the navigation leads to the front page. */
export function useCatalogs() {
  if (catalogs.value.length === 0 && !isAsked) {
    isAsked = true
    frontPage().then((front) => {
      rememberCatalogs(front.catalogs)
    }, () => undefined)
  }
  return { catalogs }
}
