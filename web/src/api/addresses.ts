import { orPerhaps, PERHAPS_SAVED } from '@/lib/errors'

import { asBuyer } from './guard'
import { call, type Answer } from './http'

export interface Address {
  id: number
  receiver: string
  mobile: string
  address: string
  tag: string
  postcode: string
  isDefault: boolean
}

/** The fields of the address form. */
export type AddressEntry = Omit<Address, 'id' | 'isDefault'>

interface WireAddress {
  id: number
  address: string
  receiver: string
  receiver_mobile: string
  tag: string
  postcode: string
  is_default: boolean | number
}

async function book(method: 'GET' | 'POST' | 'PUT' | 'DELETE', rest = '', body?: unknown): Promise<Address[]> {
  return asBuyer(async (name) => {
    const path = `/v1/users/${encodeURIComponent(name)}/address${rest}`
    const answer = (await call(path, { method, body })) as Answer & { addresslist: WireAddress[] }
    const addresses = answer.addresslist.map((wire) => ({
      id: Number(wire.id),
      receiver: wire.receiver,
      mobile: wire.receiver_mobile,
      address: wire.address,
      tag: wire.tag,
      postcode: wire.postcode,
      isDefault: Boolean(wire.is_default),
    }))
    return addresses.sort((one, other) => Number(other.isDefault) - Number(one.isDefault))
  })
}

export const getAddresses = () => book('GET')

export const addAddress = ({ receiver, address, mobile, postcode, tag }: AddressEntry) =>
  book('POST', '', { receiver, address, receiver_phone: mobile, postcode, tag }).catch(orPerhaps(PERHAPS_SAVED))

export const changeAddress = (id: number, { receiver, address, mobile, tag }: AddressEntry) =>
  book('PUT', `/${String(id)}`, { id, address, receiver, tag, receiver_mobile: mobile })

export const removeAddress = (id: number) => book('DELETE', `/${String(id)}`, { id })

export const makeDefault = (id: number) => book('POST', '/default', { id })
