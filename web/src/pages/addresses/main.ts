import { open } from '@/open'

import Page from './Page.vue'

open(Page)
