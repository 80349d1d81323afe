/** A province, city or county, with the regions in it. */
export interface Region {
  value: string
  label: string
  children?: Region[]
}

/** Levels that exist only in registers and are not written in addresses. */
const REGISTER_ONLY = ['市辖区', '县', '省直辖县级行政区划', '自治区直辖县级行政区划']

/** A complete address: region and rest without a space. */
export function joinAddress(path: readonly string[], rest: string): string {
  return path.filter((name) => !REGISTER_ONLY.includes(name)).join('') + rest.trim()
}

/**
 * Splits a written address into the region at its beginning and the rest. There is no region if the address is written in
 * another way, like some of the old shop's.
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

/** The regions of the country, in a separate file that is loaded only for address forms. */
export async function regionsOfChina(): Promise<Region[]> {
  return (await import('element-china-area-data')).pcaTextArr
}
