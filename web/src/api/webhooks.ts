import type { Page } from '@/lib/usePages'

import { askJson } from './staff'

/** A webhook endpoint and its state. */
export interface Endpoint {
  name: string
  /** Host and port; null if the program that answers does not have the endpoint in its settings. */
  host: string | null
  types: string[]
  pausedAt: string | null
  failingSince: string | null
  lastSuccessAt: string | null
  undelivered: number
  givenUp: number
  oldest: string | null
}

/** An attempt to deliver an event. */
export interface DeliveryAttempt {
  id: number
  endpoint: string
  event: string
  order: string
  type: string
  at: string
  tookMs: number
  outcome: string
  httpStatus: number | null
}

interface WireEndpoint {
  name: string
  host: string | null
  types: string[]
  paused_at: string | null
  failing_since: string | null
  last_success_at: string | null
  undelivered: number
  given_up: number
  oldest: string | null
}

interface WireAttempt {
  id: number
  endpoint: string
  event_id: string
  order_id: string
  type: string
  at: string
  took_ms: number
  outcome: string
  http_status: number | null
}

/** All recorded endpoints, by name. */
export async function endpoints(): Promise<Endpoint[]> {
  const wire = await askJson<{ endpoints: WireEndpoint[] }>('webhooks')
  return wire.endpoints.map((endpoint) => ({
    name: endpoint.name,
    host: endpoint.host,
    types: endpoint.types,
    pausedAt: endpoint.paused_at,
    failingSince: endpoint.failing_since,
    lastSuccessAt: endpoint.last_success_at,
    undelivered: endpoint.undelivered,
    givenUp: endpoint.given_up,
    oldest: endpoint.oldest,
  }))
}

/** A page of the delivery log, newest first, for one endpoint and one order if they are given. */
export async function attempts(endpoint: string, order: string, before?: number): Promise<Page<DeliveryAttempt, number>> {
  const given = { endpoint, order_id: order, before: before === undefined ? '' : String(before) }
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ''))
  const wire = await askJson<{ attempts: WireAttempt[]; next: number | null }>(`webhooks/attempts?${query.toString()}`)
  return {
    items: wire.attempts.map((attempt) => ({
      id: attempt.id,
      endpoint: attempt.endpoint,
      event: attempt.event_id,
      order: attempt.order_id,
      type: attempt.type,
      at: attempt.at,
      tookMs: attempt.took_ms,
      outcome: attempt.outcome,
      httpStatus: attempt.http_status,
    })),
    next: wire.next,
  }
}

const of = (endpoint: string) => `webhooks/${encodeURIComponent(endpoint)}`

/** Sends an event to its endpoint again; true if it waits because the endpoint is paused. */
export async function resend(attempt: DeliveryAttempt): Promise<boolean> {
  const answer = await askJson<{ waits_for_resume: boolean }>(`${of(attempt.endpoint)}/resend`, { order_id: attempt.order, event_id: attempt.event })
  return answer.waits_for_resume
}

/** Resumes a paused endpoint; false if it was not paused. */
export async function resume(endpoint: string): Promise<boolean> {
  return (await askJson<{ resumed: boolean }>(`${of(endpoint)}/resume`, {})).resumed
}
