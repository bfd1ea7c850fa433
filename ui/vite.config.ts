import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The recorder that `npm run dev` talks to.
const recorder = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env.WATCHGLASS_URL ?? "http://127.0.0.1:8420";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../src/watchglass/api/ui",
    emptyOutDir: true,
    // The page's content security policy allows no `data:` and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ["chrome123", "firefox121", "safari17.5"],
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    reportCompressedSize: false,
    // One file: a page that stays open through an upgrade would not find the others any more.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: recorder, ws: true, changeOrigin: true } },
  },
});
