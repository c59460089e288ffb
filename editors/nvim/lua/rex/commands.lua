-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- The subcommands of `:Rex`.

local server = require("rex.server")
local trust = require("rex.trust")

local M = {}

local function say(text, level)
  vim.notify("rex: " .. text, level or vim.log.levels.INFO)
end

local told = {}

--- Says once for a directory that nothing of it is run until it is trusted.
function M.tell_restricted(root)
  if root ~= nil and not told[root] and not trust.is_trusted(root) then
    told[root] = true
    say(root .. " is not trusted: only its source is read. `:Rex trust` lets it build and run")
  end
end

local function client_here()
  local here = server.clients(vim.api.nvim_get_current_buf())[1]
  if here == nil then
    say(
      "expected a buffer with the Rex server, found none: open a Rust file of a crate that "
        .. "names rex, `:checkhealth rex` tells more",
      vim.log.levels.ERROR
    )
  end
  return here
end

local function grant(client)
  trust.grant(client.config.root_dir)
  client.notify("rex/didChangeTrust", { trusted = true })
end

--- Asks before anything of a directory runs that nobody has trusted yet.
local function may_run(client)
  local root = client.config.root_dir
  if trust.is_trusted(root) then
    return true
  end
  local question = "Trust " .. root .. "? Its build scripts and programs will run as you."
  if vim.fn.confirm(question, "&Trust\n&Cancel", 2) ~= 1 then
    return false
  end
  grant(client)
  return true
end

--- Where the cursor is, as the argument of the server's commands.
local function place(client)
  local encoding = client.offset_encoding or "utf-16"
  local params = vim.lsp.util.make_position_params(0, encoding)
  return { uri = params.textDocument.uri, position = params.position }
end

--- Puts the places of an answer into the quickfix list, each with its words.
local function list(answer, encoding)
  local items = vim.lsp.util.locations_to_items(answer.locations, encoding)
  for number, item in ipairs(items) do
    item.text = answer.locations[number].text
  end
  vim.fn.setqflist({}, " ", { title = answer.title, items = items })
  if #items > 0 then
    vim.cmd("copen")
  else
    say(answer.title)
  end
end

--- Says how a command ended, unless the person cancelled it or the server said it already, as it
--- does where it knows a repair.
local function tell_end(command, problem, answer, encoding)
  if type(answer) == "table" and answer.ok and answer.locations ~= nil then
    list(answer, encoding)
  elseif problem ~= nil then
    say(problem.message or vim.inspect(problem), vim.log.levels.ERROR)
  elseif type(answer) ~= "table" then
    return
  elseif answer.ok then
    say(command:gsub("^rex%.", "") .. " done")
  elseif not answer.cancelled and answer.repair == nil and answer.message ~= nil then
    say(answer.message, vim.log.levels.WARN)
  end
end

local function execute(command)
  return function()
    local client = client_here()
    if client == nil or not may_run(client) then
      return
    end
    client.request("workspace/executeCommand", {
      command = command,
      arguments = { place(client) },
    }, function(problem, answer)
      tell_end(command, problem, answer, client.offset_encoding or "utf-16")
    end, 0)
  end
end

local subcommands = {
  build = execute("rex.build"),
  load = execute("rex.load"),
  unload = execute("rex.unload"),
  run = execute("rex.run"),
  attach = execute("rex.attach"),
  detach = execute("rex.detach"),
  stack = execute("rex.stack"),
  panics = execute("rex.panics"),
  trace = function()
    require("rex.log").show()
  end,
  trust = function()
    local client = client_here()
    if client ~= nil then
      grant(client)
      say(client.config.root_dir .. " is trusted")
    end
  end,
  restart = function()
    server.restart()
  end,
  log = function()
    vim.cmd("tabnew " .. vim.fn.fnameescape(vim.lsp.get_log_path()))
  end,
}

--- Runs one subcommand.
function M.run(arguments)
  local action = subcommands[arguments[1]]
  if action == nil or #arguments > 1 then
    say(
      "expected one of "
        .. table.concat(M.names(), ", ")
        .. ", found "
        .. table.concat(arguments, " "),
      vim.log.levels.ERROR
    )
    return
  end
  action()
end

--- The subcommands, sorted.
function M.names()
  local names = vim.tbl_keys(subcommands)
  table.sort(names)
  return names
end

--- Completes the first word after `:Rex`.
function M.complete(lead, line)
  if #vim.split(vim.trim(line), "%s+") > (lead == "" and 1 or 2) then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, M.names())
end

return M
