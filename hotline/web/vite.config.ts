// One page per face of the service. Everything ends in files of our own origin: no inline script, style or
// data: URL, so that `default-src 'self'` holds without exceptions.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../pages",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: {
        login: "login.html",
        operator: "operator.html",
        cameras: "cameras.html",
        "control-room": "control-room.html",
        vehicle: "vehicle.html",
      },
    },
  },
});
