import { defineConfig } from 'vite';
import react from '@vitejs/plugin-react';

// In development the API runs beside the page; behind CloudFront both have one address.
const api = { '/api': { target: process.env.API ?? 'http://127.0.0.1:8080', changeOrigin: false } };

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', assetsInlineLimit: 0 },
  server: { proxy: api },
  preview: { proxy: api },
});
