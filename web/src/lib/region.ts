/** A province, city or county, with what lies in it. */
export interface Region {
  value: string
  label: string
  children?: Region[]
}

/** Levels that only exist in registers: nobody writes them on a parcel. */
const REGISTER_ONLY = ['市辖区', '县', '省直辖县级行政区划', '自治区直辖县级行政区划']

/** An address as it is written: region and the rest, without a gap. */
export function joinAddress(path: readonly string[], rest: string): string {
  return path.filter((name) => !REGISTER_ONLY.includes(name)).join('') + rest.trim()
}

/**
 * The region at the beginning of a written address, and the rest; no region where the address was written in another
 * way, as the old shop's may be.
 */
export function splitAddress(text: string, regions: readonly Region[]): { path: string[]; rest: string } {
  for (const region of regions) {
    const isHidden = REGISTER_ONLY.includes(region.value)
    if (!isHidden && !text.startsWith(region.value)) continue
    const rest = isHidden ? text : text.slice(region.value.length)
    if (!region.children) return { path: [region.value], rest }
    const inner = splitAddress(rest, region.children)
    if (inner.path.length > 0) return { path: [region.value, ...inner.path], rest: inner.rest }
  }
  return { path: [], rest: text }
}

/** The regions of the country; a file of its own, for those who write an address. */
export async function regionsOfChina(): Promise<Region[]> {
  return (await import('element-china-area-data')).pcaTextArr
}
