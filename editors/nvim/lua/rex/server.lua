-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- The language server as this version of Neovim can start it.

local options = require("rex.options")
local relevance = require("rex.relevance")
local trust = require("rex.trust")

local M = {}

-- Python imports modules from the directory it starts in, so it starts in the plugin's own.
local home = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h:h:h")

--- The command that starts the server.
function M.command()
  local words = vim.deepcopy(options.get().interpreter)
  return vim.list_extend(words, { "-m", "rex_lsp", "server" })
end

local function capabilities()
  local all = vim.lsp.protocol.make_client_capabilities()
  return vim.tbl_deep_extend("force", all, {
    workspace = { codeLens = { refreshSupport = true } },
  })
end

--- Runs `action` with the buffer as the current one, as the older code lens functions need.
local function within(buffer, action)
  if vim.api.nvim_buf_is_loaded(buffer) then
    vim.api.nvim_buf_call(buffer, action)
  end
end

local function refresh_lenses(buffer)
  if vim.lsp.codelens.enable == nil then
    within(buffer, function()
      vim.lsp.codelens.refresh()
    end)
  end
end

--- Tells the server when rust-analyzer serves the same buffer, so that nothing is said twice.
local function tell_of_rust_analyzer(client, buffer)
  if (client.config.settings or {}).rex ~= nil then
    return
  end
  for _, other in ipairs((vim.lsp.get_clients or vim.lsp.get_active_clients)()) do
    local name = (other.name or ""):gsub("[-_]", "")
    if name == "rustanalyzer" and vim.lsp.buf_is_attached(buffer, other.id) then
      client.config.settings = { rex = { rustAnalyzer = { active = true } } }
      client.notify("workspace/didChangeConfiguration", { settings = client.config.settings })
      return
    end
  end
end

local function watch_for_rust_analyzer(client, buffer)
  vim.api.nvim_create_autocmd({ "BufEnter", "BufWritePost", "CursorHold" }, {
    group = vim.api.nvim_create_augroup("rex_beside_" .. buffer, { clear = true }),
    buffer = buffer,
    callback = function()
      tell_of_rust_analyzer(client, buffer)
    end,
  })
  tell_of_rust_analyzer(client, buffer)
end

local function buffers_of(client_id)
  local attached = {}
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.lsp.buf_is_attached(buffer, client_id) then
      table.insert(attached, buffer)
    end
  end
  return attached
end

local function show_lenses(buffer)
  if vim.lsp.codelens.enable ~= nil then
    vim.lsp.codelens.enable(true, { bufnr = buffer })
    return
  end
  local group = vim.api.nvim_create_augroup("rex_lens_" .. buffer, { clear = true })
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "BufWritePost", "TextChanged" }, {
    group = group,
    buffer = buffer,
    callback = function()
      refresh_lenses(buffer)
    end,
  })
  refresh_lenses(buffer)
end

local handlers = {
  ["workspace/codeLens/refresh"] = function(_, _, context)
    if options.get().codelens then
      for _, buffer in ipairs(buffers_of(context.client_id)) do
        refresh_lenses(buffer)
      end
    end
    return vim.NIL
  end,
  ["$/progress"] = function(problem, result, context, config)
    require("rex.progress").take(result)
    local default = vim.lsp.handlers["$/progress"]
    return default and default(problem, result, context, config)
  end,
  ["window/logMessage"] = function(problem, result, context, config)
    require("rex.log").add(result)
    local default = vim.lsp.handlers["window/logMessage"]
    return default and default(problem, result, context, config)
  end,
}
if vim.lsp.codelens.enable ~= nil then
  handlers["workspace/codeLens/refresh"] = nil
end

--- The configuration in the shape of nvim-lspconfig and `vim.lsp.config`.
function M.config()
  return {
    cmd = M.command(),
    cmd_cwd = home,
    filetypes = { "rust" },
    root_dir = function(buffer, found)
      local root = relevance.root(buffer)
      if root ~= nil then
        found(root)
      end
    end,
    capabilities = capabilities(),
    handlers = handlers,
    before_init = function(params, config)
      local root = config.root_dir
      local settings = options.get().settings
      params.initializationOptions = {
        trusted = trust.is_trusted(root),
        settings = next(settings) and settings or nil,
      }
    end,
    on_attach = function(client, buffer)
      vim.api.nvim_buf_set_option(buffer, "omnifunc", "v:lua.vim.lsp.omnifunc")
      if options.get().codelens then
        show_lenses(buffer)
      end
      watch_for_rust_analyzer(client, buffer)
      require("rex.commands").tell_restricted(client.config.root_dir)
    end,
  }
end

--- The running clients, all of them or those of one buffer.
function M.clients(buffer)
  local all = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  return vim.tbl_filter(function(client)
    return client.name == "rex_ls" and (buffer == nil or vim.lsp.buf_is_attached(buffer, client.id))
  end, all)
end

local function running_at(root)
  for _, client in ipairs(M.clients()) do
    if client.config.root_dir == root and not client.is_stopped() then
      return client.id
    end
  end
  return nil
end

--- Attaches the server to a buffer on Neovim before 0.11; a plain Rust file gets none.
function M.start(buffer)
  local root = relevance.root(buffer)
  if root == nil then
    return
  end
  local id = running_at(root)
  if id == nil then
    local config = M.config()
    config.name = "rex_ls"
    config.root_dir = root
    config.workspace_folders = {
      { uri = vim.uri_from_fname(root), name = vim.fn.fnamemodify(root, ":t") },
    }
    id = vim.lsp.start_client(config)
  end
  if id ~= nil then
    vim.lsp.buf_attach_client(buffer, id)
  end
end

--- Stops every server of ours and starts one again for each buffer that had one.
function M.restart()
  local buffers = {}
  for _, client in ipairs(M.clients()) do
    vim.list_extend(buffers, buffers_of(client.id))
    vim.lsp.stop_client(client.id)
  end
  vim.wait(5000, function()
    return #M.clients() == 0
  end, 20)
  for _, client in ipairs(M.clients()) do
    vim.lsp.stop_client(client.id, true)
  end
  if #buffers == 0 then
    buffers = { vim.api.nvim_get_current_buf() }
  end
  for _, buffer in ipairs(buffers) do
    if vim.lsp.enable ~= nil then
      vim.api.nvim_exec_autocmds("FileType", { group = "nvim.lsp.enable", buffer = buffer })
    else
      M.start(buffer)
    end
  end
end

return M
