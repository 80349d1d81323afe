import '@/styles/base.css'

import { ElConfigProvider } from 'element-plus'
import zhCn from 'element-plus/es/locale/lang/zh-cn'
import { createApp, h, type Component } from 'vue'

/** Opens a page, with the component library in Chinese. */
export function open(page: Component): void {
  createApp({ render: () => h(ElConfigProvider, { locale: zhCn, button: { autoInsertSpace: false } }, () => h(page)) }).mount('#app')
}
