import { computed, ref } from 'vue'

import * as carts from '@/api/carts'

import { isSold, readLines, totals, withMore, type CartLine } from './cart'
import { user } from './session'
import { kept } from './storage'

/** The storage key of the offline cart. */
const OFFLINE_CART = 'dashop_cart'
/** The most lines that the service removes in one request. */
const MOST_REMOVED = 200

const lines = ref<CartLine[]>([])
const isLoaded = ref(false)
/** The cart in the service's last response. */
let answered: CartLine[] = []

/** The lines of the offline cart. */
export const offlineLines = (): CartLine[] => readLines(kept.get(OFFLINE_CART))

/** Called after sign-in, when the lines are in the buyer's cart. */
export const forgetOfflineLines = (): void => {
  kept.remove(OFFLINE_CART)
}

function keepOffline(changed: CartLine[]): void {
  kept.set(OFFLINE_CART, JSON.stringify(changed))
  lines.value = changed
}

/** Sends changes to the service one after the other, so that the last response is the current cart. */
let queue: Promise<unknown> = Promise.resolve()
let waiting = 0
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = queue.then(work, work)
  queue = done.catch(() => undefined)
  return done
}

function change(online: () => Promise<CartLine[]>, offline: (lines: CartLine[]) => CartLine[]): Promise<void> {
  if (user.value === undefined) {
    return Promise.resolve().then(() => {
      keepOffline(offline(offlineLines()))
    })
  }
  waiting += 1
  return inTurn(async () => {
    try {
      answered = await online()
      // While further changes wait, the page keeps showing what the user clicked, not the intermediate state.
      if (waiting === 1) lines.value = answered
    } catch (cause) {
      // The change was not made.
      if (waiting === 1) lines.value = answered
      throw cause
    } finally {
      waiting -= 1
    }
  })
}

async function load(): Promise<void> {
  await change(carts.getCart, (kept) => kept)
  isLoaded.value = true
}

/** Loads the cart for the badge on every page. An expired token does not redirect to sign-in. */
async function peek(): Promise<void> {
  const name = user.value
  answered = name === undefined ? offlineLines() : await carts.peekCart(name)
  lines.value = answered
}

const add = (line: CartLine): Promise<void> =>
  change(
    () => carts.addToCart(line.sku, line.count),
    (kept) => withMore(kept, line),
  )

/** Shows typed or ticked values at once, so that the sums are current; nothing is stored yet. */
function show(clicked: (line: CartLine) => CartLine): void {
  lines.value = lines.value.map(clicked)
}

const typed = (sku: number, count: number): void => {
  show((line) => (line.sku === sku ? { ...line, count } : line))
}

const setCount = (sku: number, count: number): Promise<void> =>
  change(
    () => carts.setCount(sku, count),
    (kept) => kept.map((line) => (line.sku === sku ? { ...line, count } : line)),
  )

function select(sku: number, isSelected: boolean): Promise<void> {
  const ticked = (line: CartLine): CartLine => (line.sku === sku ? { ...line, isSelected } : line)
  show(ticked)
  return change(() => carts.select(sku, isSelected), (kept) => kept.map(ticked))
}

function selectAll(isSelected: boolean): Promise<void> {
  const ticked = (line: CartLine): CartLine => ({ ...line, isSelected })
  show(ticked)
  return change(() => carts.selectAll(isSelected), (kept) => kept.map(ticked))
}

const remove = (...skus: number[]): Promise<void> =>
  change(
    async () => {
      let cart: CartLine[] = []
      for (let from = 0; from < skus.length; from += MOST_REMOVED) {
        cart = await carts.removeFromCart(skus.slice(from, from + MOST_REMOVED))
      }
      return cart
    },
    (kept) => kept.filter((line) => !skus.includes(line.sku)),
  )

/** Unticks lines that can no longer be bought: ticked, they would block the order. */
async function untickGone(): Promise<void> {
  for (const line of lines.value) {
    if (line.isSelected && !isSold(line)) await select(line.sku, false)
  }
}

/** The cart: the buyer's at the service, or the offline cart before sign-in. */
export function useCart() {
  const figures = computed(() => totals(lines.value))
  const badge = computed(() => lines.value.filter(isSold).length)
  return { lines, isLoaded, figures, badge, load, peek, add, typed, setCount, select, selectAll, remove, untickGone }
}
