-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- The server's configuration for `vim.lsp.enable("rex_ls")`, Neovim 0.11 and later.

return require("rex.server").config()
