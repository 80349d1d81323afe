import { toFen, type Fen } from '@/lib/money'
import type { Page } from '@/lib/usePages'

import { noAnswer } from './http'
import { ask, askJson } from './staff'
import { changedAmount, inALine, type TimelineEntry } from './timeline'

export interface Summary {
  number: string
  user: string
  status: number
  pieces: number
  amount: Fen
  freight: Fen
  /** How much of its payment is refunded. */
  refunded: Fen
  createdAt: string
  expireAt: string | null
  receiver: string
}

export interface AdminLine {
  sku: number
  name: string
  image: string
  price: Fen
  count: number
  amount: Fen
  attributes: { name: string; value: string }[]
  /** Pieces that are back in stock. */
  returned: number
  /** Pieces that are neither back in stock nor part of an open refund. */
  out: number
}

/** An attempt to pay an order. */
export interface Attempt {
  number: string
  product: string
  amount: Fen
  state: string
  openedAt: string
}

export interface Payment {
  tradeNo: string
  status: string
  amount: Fen
  refunded: Fen
  refundable: Fen
  /** Whether it is fully refunded, according to Alipay. */
  isClosed: boolean
  paidAt: string | null
  recordedAt: string
}

export interface Refund {
  requestNo: string
  amount: Fen
  reason: string
  kind: string
  status: string
  by: string
  createdAt: string
  error: string | null
}

export interface Detail extends Summary {
  /** The discount by staff. */
  discount: Fen
  address: { title: string; address: string; mobile: string; receiver: string }
  lines: AdminLine[]
  attempts: Attempt[]
  payments: Payment[]
  refunds: Refund[]
  shipment: { carrier: string; trackingNumber: string; shippedAt: string } | null
  timeline: (TimelineEntry & { by: string | null })[]
  refundable: Fen
}

export interface Figures {
  date: string
  orders: number
  orderAmount: Fen
  paid: number
  paidAmount: Fen
  refunded: number
  refundedAmount: Fen
  toShip: number
  awaitingPayment: number
  days: { date: string; orders: number; paid: Fen; refunded: Fen }[]
  /** Payments for no order that are not fully refunded, and payments with refunds that are not done. */
  unmatched: UnmatchedPayment[]
}

/** A payment that staff have to look at. */
export interface UnmatchedPayment {
  tradeNo: string
  order: string
  status: string
  amount: Fen
  /** How much of it is not refunded. */
  left: Fen
  /** When it was paid; when it was recorded if Alipay did not give the time. */
  at: string
  /** Its refund that is not done. */
  refund?: { amount: Fen; isOpen: boolean; failure: string | null }
}

/** Search criteria for orders; an empty one means no restriction. */
export interface Filter {
  number: string
  user: string
  status: string
  from: string
  to: string
}

/** Pieces that go back into stock. */
export interface Restock {
  sku_id: number
  count: number
}

interface WireSummary {
  order_id: string
  user: { id: number; username: string }
  status: number
  total_count: number
  total_amount: string
  freight: string
  refunded_amount: string
  created_at: string
  expire_at: string | null
  receiver: string
}

export interface WireDetail extends WireSummary {
  discount: string
  address: Detail['address']
  lines: {
    sku_id: number
    name: string
    default_image_url: string
    price: string
    count: number
    total_amount: string
    attributes: { name: string; value: string }[]
    returned: number
  }[]
  attempts: { out_trade_no: string; product: string; amount: string; state: string; opened_at: string }[]
  payments: {
    trade_no: string
    status: string
    total_amount: string
    refunded_amount: string
    refundable_amount: string
    trade_status: string
    paid_at: string | null
    recorded_at: string
  }[]
  refunds: WireRefund[]
  shipment: { carrier: string; tracking_number: string; shipped_at: string } | null
  timeline: {
    from: number | null
    to: number
    actor: string
    by: string | null
    reason: string
    at: string
    amount?: { from: string; to: string }
    old_address?: Detail['address']
  }[]
  refundable_amount: string
  base_url: string
}

export interface WireRefund {
  out_request_no: string
  amount: string
  reason: string
  kind: string
  status: string
  requested_by: string
  created_at: string
  error: string | null
  restock: Restock[]
}

interface WireFigures {
  date: string
  orders: number
  order_amount: string
  paid: number
  paid_amount: string
  refunded: number
  refunded_amount: string
  to_ship: number
  awaiting_payment: number
  days: { date: string; orders: number; paid_amount: string; refunded_amount: string }[]
  unmatched_payments: {
    trade_no: string
    order_id: string
    status: string
    amount: string
    refunded: string
    paid_at: string | null
    recorded_at: string
    refund: { amount: string; status: string; failure: string | null } | null
  }[]
}

function query(filter: Filter, more: Record<string, string> = {}): string {
  const given = Object.entries({ ...filter, ...more }).map(([name, value]) => [name, value.trim()] as const)
  return new URLSearchParams(given.filter(([, value]) => value !== '').map(([name, value]) => [name, value])).toString()
}

const summaryOf = (wire: WireSummary): Summary => ({
  number: wire.order_id,
  user: wire.user.username,
  status: wire.status,
  pieces: wire.total_count,
  amount: toFen(wire.total_amount),
  freight: toFen(wire.freight),
  refunded: toFen(wire.refunded_amount),
  createdAt: wire.created_at,
  expireAt: wire.expire_at,
  receiver: wire.receiver,
})

export const refundOf = (wire: WireRefund): Refund => ({
  requestNo: wire.out_request_no,
  amount: toFen(wire.amount),
  reason: wire.reason,
  kind: wire.kind,
  status: wire.status,
  by: wire.requested_by,
  createdAt: wire.created_at,
  error: wire.error,
})

export function detailOf(wire: WireDetail): Detail {
  const goingBack = wire.refunds.filter(({ status }) => status === 'requested').flatMap(({ restock }) => restock)
  const goingBackOf = (sku: number) => goingBack.reduce((sum, back) => sum + (back.sku_id === sku ? back.count : 0), 0)
  return {
    ...summaryOf(wire),
    discount: toFen(wire.discount),
    address: wire.address,
    lines: wire.lines.map((line) => ({
      sku: line.sku_id,
      name: line.name,
      image: wire.base_url + line.default_image_url,
      price: toFen(line.price),
      count: line.count,
      amount: toFen(line.total_amount),
      attributes: line.attributes,
      returned: line.returned,
      out: Math.max(0, line.count - line.returned - goingBackOf(line.sku_id)),
    })),
    attempts: wire.attempts.map((attempt) => ({
      number: attempt.out_trade_no,
      product: attempt.product,
      amount: toFen(attempt.amount),
      state: attempt.state,
      openedAt: attempt.opened_at,
    })),
    payments: wire.payments.map((payment) => ({
      tradeNo: payment.trade_no,
      status: payment.status,
      amount: toFen(payment.total_amount),
      refunded: toFen(payment.refunded_amount),
      refundable: toFen(payment.refundable_amount),
      isClosed: payment.trade_status === 'TRADE_CLOSED',
      paidAt: payment.paid_at,
      recordedAt: payment.recorded_at,
    })),
    refunds: wire.refunds.map(refundOf),
    shipment: wire.shipment && {
      carrier: wire.shipment.carrier,
      trackingNumber: wire.shipment.tracking_number,
      shippedAt: wire.shipment.shipped_at,
    },
    timeline: wire.timeline.map(({ at, amount, old_address: old, ...entry }) => ({
      ...entry,
      time: at,
      amount: changedAmount(amount),
      oldAddress: inALine(old),
    })),
    refundable: toFen(wire.refundable_amount),
  }
}

export type Found = Page<Summary, string>

/** Orders on one page, and the most that the service returns at once. */
const PAGE = 20
const MOST = 200

/** A page of orders, newest first. */
export async function findOrders(filter: Filter, before?: string, limit = PAGE): Promise<Found> {
  const more: Record<string, string> = before === undefined ? {} : { before }
  const path = `orders?${query(filter, { limit: String(Math.min(limit, MOST)), ...more })}`
  const found = await askJson<{ orders: WireSummary[]; next: string | null }>(path)
  return { items: found.orders.map(summaryOf), next: found.next }
}

/** Loads the first orders again, newest first, as many as a list shows that was loaded page by page. */
export async function findAgain(filter: Filter, count: number): Promise<Found> {
  let found = await findOrders(filter, undefined, Math.max(count, PAGE))
  while (found.next !== null && found.items.length < count) {
    const page = await findOrders(filter, found.next, count - found.items.length)
    found = { items: [...found.items, ...page.items], next: page.next }
  }
  return found
}

export async function orderDetail(number: string): Promise<Detail> {
  return detailOf(await askJson<WireDetail>(`orders/${encodeURIComponent(number)}`))
}

export async function ship(number: string, carrier: string, trackingNumber: string): Promise<Detail> {
  const body = { carrier, tracking_number: trackingNumber }
  return detailOf(await askJson<WireDetail>(`orders/${encodeURIComponent(number)}/ship`, body))
}

export async function cancelOrder(number: string, reason: string): Promise<Detail> {
  return detailOf(await askJson<WireDetail>(`orders/${encodeURIComponent(number)}/cancel`, { reason }))
}

/** Lowers the amount of an unpaid order, if the order still has the amount that staff see. */
export async function lowerAmount(number: string, expected: string, amount: string, reason: string): Promise<Detail> {
  const body = { amount, expected_amount: expected, reason }
  return detailOf(await askJson<WireDetail>(`orders/${encodeURIComponent(number)}/amount`, body))
}

/** Changes the address of an order that is not shipped. If the order no longer has the `expected` address, nothing is changed. */
export async function changeAddress(number: string, address: Detail['address'] & { expected: Detail['address']; reason: string }): Promise<Detail> {
  return detailOf(await askJson<WireDetail>(`orders/${encodeURIComponent(number)}/address`, address))
}

export async function figures(date?: string): Promise<Figures> {
  const wire = await askJson<WireFigures>(`figures${date ? `?date=${encodeURIComponent(date)}` : ''}`)
  return {
    date: wire.date,
    orders: wire.orders,
    orderAmount: toFen(wire.order_amount),
    paid: wire.paid,
    paidAmount: toFen(wire.paid_amount),
    refunded: wire.refunded,
    refundedAmount: toFen(wire.refunded_amount),
    toShip: wire.to_ship,
    awaitingPayment: wire.awaiting_payment,
    days: wire.days.map((day) => ({
      date: day.date,
      orders: day.orders,
      paid: toFen(day.paid_amount),
      refunded: toFen(day.refunded_amount),
    })),
    unmatched: wire.unmatched_payments.map((payment) => ({
      tradeNo: payment.trade_no,
      order: payment.order_id,
      status: payment.status,
      amount: toFen(payment.amount),
      left: toFen(payment.amount) - toFen(payment.refunded),
      at: payment.paid_at ?? payment.recorded_at,
      refund: payment.refund
        ? { amount: toFen(payment.refund.amount), isOpen: payment.refund.status === 'requested', failure: payment.refund.failure }
        : undefined,
    })),
  }
}

/** Enough for a year's orders over a slow connection, in milliseconds. */
const EXPORT_PATIENCE = 15 * 60_000

/** The found orders as a file: an Excel workbook or a CSV table. */
export async function exportOrders(kind: 'csv' | 'xlsx', filter: Filter): Promise<Blob> {
  const answer = await ask(`orders.${kind}?${query(filter)}`, undefined, EXPORT_PATIENCE)
  return answer.blob().catch((cause: unknown) => {
    throw noAnswer(cause)
  })
}
