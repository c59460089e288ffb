-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- What the server logs, with the lines that running programs trace, in a buffer of its own.

local M = {}

-- The oldest lines are dropped past this many.
local LIMIT = 10000

local lines = {}
local buffer

local function write(first, added)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, first, -1, false, added)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].modified = false
end

local function follow()
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

--- Takes the parameters of one `window/logMessage`.
function M.add(message)
  local added = vim.split((message.message:gsub("\n$", "")), "\n")
  local fresh = #lines == 0
  vim.list_extend(lines, added)
  if #lines > LIMIT then
    lines = vim.list_slice(lines, #lines - LIMIT / 2 + 1)
    added, fresh = lines, true
  end
  if buffer ~= nil and vim.api.nvim_buf_is_valid(buffer) then
    write(fresh and 0 or -1, added)
    follow()
  end
end

--- Every line kept, oldest first.
function M.lines()
  return lines
end

--- Shows the lines in a window below and follows new ones.
function M.show()
  if buffer == nil or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, "rex://trace")
    vim.bo[buffer].filetype = "rextrace"
    write(0, lines)
  end
  local windows = vim.fn.win_findbuf(buffer)
  if #windows == 0 then
    vim.cmd("botright 12split")
    vim.api.nvim_win_set_buf(0, buffer)
  end
  follow()
end

return M
