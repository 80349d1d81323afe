import { deviceOf } from '@/lib/device'
import { ApiError } from '@/lib/errors'
import { IdempotencyKeys } from '@/lib/random'
import { fromFen, toFen, type Fen } from '@/lib/money'
import { user } from '@/lib/session'
import type { Page } from '@/lib/usePages'

import { picture } from './goods'
import { asBuyer } from './guard'
import { call, type Answer } from './http'
import { changedAmount, inALine, type TimelineEntry, type WireAddress } from './timeline'

const PROCESSING = '/v1/orders/processing/'
/** Orders on one page of the list, and the most that the service returns at once. */
const PAGE = 10
const MOST = 200

export interface OrderLine {
  sku: number
  name: string
  image: string
  price: Fen
  count: number
  amount: Fen
  attributes: { name: string; value: string }[]
}

/** The address of an order. */
export interface Destination {
  id: number
  receiver: string
  mobile: string
  address: string
  tag: string
}

export interface Preview {
  destinations: Destination[]
  lines: OrderLine[]
  unavailable: { sku: number; reason: string }[]
  pieces: number
  goods: Fen
  freight: Fen
  payment: Fen
}

/** What is ordered: the ticked lines of the cart, or one SKU directly. */
export type Purchase = { kind: 'cart' } | { kind: 'direct'; sku: number; count: number }

export interface Payable {
  payUrl: string
  /** A code to scan, for a frame in the page, if the shop shows codes. */
  codeUrl?: string
}

/** The sum of late and duplicate payments. The part that is not refunded yet is on its way. */
export interface RefundDue {
  amount: Fen
  refunded: Fen
}

/** A refund of an order's payment that is done or on its way. */
export interface OrderRefund {
  amount: Fen
  reason: string
  isDone: boolean
  time: string
}

export interface Order {
  number: string
  status: number
  pieces: number
  amount: Fen
  freight: Fen
  /** The discount by staff. */
  discount: Fen
  time: string
  expireAt: string | null
  carrier: string | null
  trackingNumber: string | null
  refunded: Fen
  /** Late or duplicate payments, which are refunded. */
  refundDue: RefundDue | null
  receiver: string
  mobile: string
  address: string
  lines: OrderLine[]
  refunds: OrderRefund[]
  /** Empty while there is only the first attempt. */
  attempts: OrderAttempt[]
  timeline: TimelineEntry[]
}

/** An attempt to pay an order. */
export interface OrderAttempt {
  device: string
  state: string
  openedAt: string
}

interface WireLine {
  id: number
  default_image_url: string
  name: string
  price: string
  count: number
  total_amount: string
  sku_sale_attr_names: string[]
  sku_sale_attr_vals: string[]
}

interface WirePreview {
  addresses: { id: number; name: string; mobile: string; title: string; address: string }[]
  sku_list: WireLine[]
  unavailable?: { id: number; reason: string }[]
  total_count: number
  total_amount: string
  transit: number
  payment_amount: string
}

interface WireOrder {
  order_id: string | number
  order_total_count: number
  order_total_amount: string
  order_freight: string
  order_discount?: string
  address: WireAddress
  status: number
  order_sku: WireLine[]
  order_time: string
  expire_at?: string | null
  carrier?: string | null
  tracking_number?: string | null
  refunded_amount?: string
  unkept_payment?: { amount: string; refunded_amount: string } | null
  refunds?: { amount: string; reason: string; status: string; created_at: string; finished_at: string | null }[]
  attempts?: { device: string; state: string; opened_at: string }[]
  timeline?: WireTimelineEntry[]
}

interface WireTimelineEntry {
  from: number | null
  to: number
  actor: string
  reason: string
  time: string
  amount?: { from: string; to: string }
  old_address?: WireAddress
}

interface WirePlaced {
  order_id: string | number
}

interface WirePayable {
  pay_url: string
  code_url?: string
}

const lineOf = (base: string | undefined) => (line: WireLine): OrderLine => ({
  sku: Number(line.id),
  name: line.name,
  image: picture(base, line.default_image_url),
  price: toFen(line.price),
  count: Number(line.count),
  amount: toFen(line.total_amount),
  attributes: line.sku_sale_attr_names.map((name, index) => ({ name, value: line.sku_sale_attr_vals[index] ?? '' })),
})

const orderOf = (base: string | undefined) => (order: WireOrder): Order => ({
  number: String(order.order_id),
  status: order.status,
  pieces: Number(order.order_total_count),
  amount: toFen(order.order_total_amount),
  freight: toFen(order.order_freight),
  discount: toFen(order.order_discount ?? 0),
  time: order.order_time,
  expireAt: order.expire_at ?? null,
  carrier: order.carrier ?? null,
  trackingNumber: order.tracking_number ?? null,
  refunded: toFen(order.refunded_amount ?? 0),
  refundDue: order.unkept_payment
    ? { amount: toFen(order.unkept_payment.amount), refunded: toFen(order.unkept_payment.refunded_amount) }
    : null,
  receiver: order.address.receiver,
  mobile: order.address.mobile,
  address: order.address.address,
  lines: order.order_sku.map(lineOf(base)),
  attempts: (order.attempts ?? []).map(({ device, state, opened_at: openedAt }) => ({ device, state, openedAt })),
  refunds: (order.refunds ?? []).map((refund) => ({
    amount: toFen(refund.amount),
    reason: refund.reason,
    isDone: refund.status === 'succeeded',
    time: refund.finished_at ?? refund.created_at,
  })),
  timeline: (order.timeline ?? []).map(({ amount, old_address: old, ...entry }) => ({
    ...entry,
    amount: changedAmount(amount),
    oldAddress: inALine(old),
  })),
})

const payableOf = (data: WirePayable): Payable => ({
  payUrl: data.pay_url,
  ...(data.code_url === undefined ? {} : { codeUrl: data.code_url }),
})

function wanted(purchase: Purchase): Record<string, number> {
  return purchase.kind === 'cart'
    ? { settlement_type: 0 }
    : { settlement_type: 1, sku_id: purchase.sku, buy_num: purchase.count }
}

function query(parameters: Record<string, string | number>): string {
  const given = Object.entries(parameters).map(([name, value]) => [name, String(value)])
  return `${PROCESSING}?${new URLSearchParams(given).toString()}`
}

/** The response of operation 1. It is complete with some of the errors as well. */
export function previewOf(data: unknown, base: string | undefined): Preview {
  const wire = data as WirePreview
  return {
    destinations: wire.addresses.map(({ id, name, mobile, title, address }) => ({
      id,
      receiver: name,
      mobile,
      address,
      tag: title,
    })),
    lines: wire.sku_list.map(lineOf(base)),
    unavailable: (wire.unavailable ?? []).map(({ id, reason }) => ({ sku: id, reason })),
    pieces: Number(wire.total_count),
    goods: toFen(wire.total_amount),
    freight: toFen(wire.transit),
    payment: toFen(wire.payment_amount),
  }
}

/** Operation 1. A buyer without an address is no error here: the confirmation page has a form for it. */
export async function preview(purchase: Purchase): Promise<Preview> {
  return asBuyer(async () => {
    const answer = await call<unknown>(query({ status: 0, ...wanted(purchase) }), { tolerate: [50100] })
    return previewOf(answer.data, answer.base_url)
  })
}

/** The buyer, the items, the address and the amount of an order. */
export interface Wish {
  user: string | undefined
  purchase: Purchase
  goods: [sku: number, count: number][]
  address: number
  expected: string
}

export function wishOf(purchase: Purchase, address: number, { lines, payment }: Preview): Wish {
  const goods = lines.map(({ sku, count }): [number, number] => [sku, count])
  return { user: user.value, purchase, goods, address, expected: fromFen(payment) }
}

/**
 * How long an order without an answer counts as the same order, in milliseconds. The page promises that a repetition places
 * no second order, and it stays open at most as long as a sign-in, one day. A buyer who wants another order is told about
 * the first one and may then order again. */
const SAME_ORDER = 24 * 60 * 60_000
const keys = new IdempotencyKeys<Wish>('dashop_order_keys', SAME_ORDER)
/** Codes that mean: no order exists with this key, or one exists and cannot be paid. */
const SETTLED = [50102, 50103, 50106, 50108, 50109, 50110, 50112, 50113, 50114, 50116]
/** Codes that mean: this attempt placed no order; an earlier attempt may have placed one. */
const NOT_PLACED = [403, 208, 30104, 50101, 50104]

export interface Placed {
  number: string
  /** An earlier request had no answer: the order may be from that request. */
  isRepeated: boolean
}

/** Operation 2: places the order. Repeated calls place one order only, until the outcome is known. */
export async function create(wish: Wish): Promise<Placed> {
  const { purchase, address, expected } = wish
  const body = { status: 0, address_id: address, ...wanted(purchase), expected_amount: expected, device: deviceOf(navigator.userAgent) }
  return asBuyer(async () => {
    const { key, isNew } = keys.of(wish)
    const headers = { 'idempotency-key': key }
    try {
      const { data } = await call<WirePlaced>(PROCESSING, { method: 'POST', body, headers })
      keys.forget(wish)
      return { number: String(data.order_id), isRepeated: !isNew }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const order = placedIn(error.data)
      const isNone = SETTLED.includes(error.code) || (isNew && NOT_PLACED.includes(error.code))
      if (order !== undefined || isNone) keys.forget(wish)
      // The order is placed, but its payment could not be started.
      if (order !== undefined) return { number: order, isRepeated: !isNew }
      throw error
    }
  })
}

function placedIn(data: unknown): string | undefined {
  const { order_id: order } = (data ?? {}) as Partial<WirePlaced>
  return order === undefined ? undefined : String(order)
}

/**
 * The other requests for the same goods whose outcome is unknown. Only directly bought goods can be ordered twice: the
 * goods of a cart leave it with the order. */
export function doubtful(wish: Wish): Wish[] {
  const { purchase } = wish
  if (purchase.kind === 'cart') return []
  const isSameGoods = ({ purchase: other, user: buyer }: Wish) => other.kind === 'direct' && other.sku === purchase.sku && buyer === wish.user
  return keys.pending().filter((other) => isSameGoods(other) && JSON.stringify(other) !== JSON.stringify(wish))
}

/** Whether this buyer's order of a cart had no answer: if the cart is empty now, that order may have emptied it. */
export function isCartInDoubt(): boolean {
  return keys.pending().some(({ purchase, user: buyer }) => purchase.kind === 'cart' && buyer === user.value)
}

/** The buyer has checked the orders: the next request is for another order. */
export function dismiss(wishes: readonly Wish[]): void {
  for (const wish of wishes) keys.forget(wish)
}

/** Operation 3: a page of orders, newest first, with `wanted` orders. */
export async function orders(status: number, before?: string, wanted = PAGE): Promise<Page<Order, string>> {
  const page: Record<string, string> = before === undefined ? {} : { before }
  return asBuyer(async () => {
    const limit = Math.min(Math.max(wanted, PAGE), MOST)
    const path = query({ status: 1, order_status: status, limit, ...page })
    const { data, base_url: base } = await call<{ orders_list: WireOrder[]; next: string | number | null }>(path)
    return { items: data.orders_list.map(orderOf(base)), next: data.next === null ? null : String(data.next) }
  })
}

/** One order with its timeline. */
export const order = (number: string): Promise<Order> => asBuyer(() => story(number))

/** Like `order`, but never redirects to sign-in. */
export async function story(number: string): Promise<Order> {
  const answer = await call<{ order: WireOrder }>(query({ status: 3, order_id: number }))
  return orderOf(answer.base_url)(answer.data.order)
}

/** Operation 4. */
export async function confirmReceipt(number: string): Promise<void> {
  await asBuyer(() => call(query({ status: 2, order_id: number })))
}

/** The payment channel that these pages use. */
const CHANNEL = 'alipay'

/** Operation 5, if the order has the amount that the buyer sees. `anew` requests a new attempt, for another account. */
export async function pay(number: string, expected: string, anew = false): Promise<Payable> {
  const device = deviceOf(navigator.userAgent)
  const body = {
    status: 1,
    order_id: number,
    channel: CHANNEL,
    expected_amount: expected,
    device,
    ...(device === 'pc' ? { code: 1 } : {}),
    ...(anew ? { new_attempt: 1 } : {}),
  }
  return asBuyer(async () => payableOf((await call<WirePayable>(PROCESSING, { method: 'POST', body })).data))
}

/** Cancels an order that is not paid. */
export async function cancel(number: string, reason: string): Promise<void> {
  const body = { status: 3, order_id: number, ...(reason ? { reason } : {}) }
  await asBuyer(() => call(PROCESSING, { method: 'POST', body }))
}

/** Changes the address of an unpaid order to another one of the buyer. */
export async function redirect(number: string, address: number): Promise<void> {
  const body = { status: 4, order_id: number, address_id: address }
  await asBuyer(() => call(PROCESSING, { method: 'POST', body }))
}

/** Operation 6, with the query string from Alipay's return. Needs no sign-in. */
export async function paymentResult(search: string): Promise<{ order: string; amount: Fen }> {
  const answer: Answer<{ order_id: string | number; total_amount: string }> = await call(`/v1/orders/success/${search}`)
  return { order: String(answer.data.order_id), amount: toFen(answer.data.total_amount) }
}
