/* Loads a SavedModel with TensorFlow's C API and runs one signature: a server without Python.
 *
 *   serve_golden FOLDER OUTPUT INPUT... < rows
 *
 * OUTPUT and INPUT are tensors such as `serving_default_sentence:0`, all of strings. Each line of standard input is a row:
 * one value for each INPUT in hexadecimal digits, separated by tabs. Standard output gets one line a row: the strings of
 * that row of OUTPUT, separated by tabs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

enum { MOST_ROWS = 4096, MOST_INPUTS = 8 };

static void require_ok(TF_Status* status, const char* doing) {
  if (TF_GetCode(status) == TF_OK) return;
  fprintf(stderr, "%s: %s\n", doing, TF_Message(status));
  exit(1);
}

static TF_Output find(TF_Graph* graph, const char* tensor) {
  char name[512];
  snprintf(name, sizeof name, "%s", tensor);
  char* colon = strrchr(name, ':');
  if (colon) *colon = '\0';
  TF_Output output = {TF_GraphOperationByName(graph, name), colon ? atoi(colon + 1) : 0};
  if (!output.oper) {
    fprintf(stderr, "no tensor %s\n", tensor);
    exit(1);
  }
  return output;
}

/* Moves the hexadecimal digits of one value, up to a tab or the end, into `string`; returns what comes after them. */
static const char* read_value(const char* digits, TF_TString* string) {
  size_t length = strcspn(digits, "\t\n") / 2;
  char* bytes = malloc(length + 1);
  for (size_t i = 0; i < length; ++i) {
    unsigned value;
    sscanf(digits + 2 * i, "%2x", &value);
    bytes[i] = (char)value;
  }
  TF_StringInit(string);
  TF_StringCopy(string, bytes, length);
  free(bytes);
  return digits + 2 * length + (digits[2 * length] == '\t');
}

static void print_rows(TF_Tensor* tensor) {
  int64_t rows = TF_Dim(tensor, 0), columns = TF_Dim(tensor, 1);
  TF_TString* strings = TF_TensorData(tensor);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      TF_TString* string = strings + row * columns + column;
      printf(column ? "\t%.*s" : "%.*s", (int)TF_StringGetSize(string), TF_StringGetDataPointer(string));
    }
    printf("\n");
  }
}

int main(int count, char** arguments) {
  int inputs = count - 3;
  if (inputs < 1 || inputs > MOST_INPUTS) return 2;
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(TF_NewSessionOptions(), NULL, arguments[1], tags, 1, graph, NULL, status);
  require_ok(status, "load");

  static char* lines[MOST_ROWS];
  int64_t rows = 0;
  size_t capacity = 0;
  while (rows < MOST_ROWS && getline(&lines[rows], &capacity, stdin) >= 0) {
    ++rows;
    capacity = 0;
  }
  TF_Output feeds[MOST_INPUTS], fetch = find(graph, arguments[2]);
  TF_Tensor *values[MOST_INPUTS], *result = NULL;
  for (int i = 0; i < inputs; ++i) {
    feeds[i] = find(graph, arguments[3 + i]);
    values[i] = TF_AllocateTensor(TF_STRING, &rows, 1, rows * sizeof(TF_TString));
  }
  for (int64_t row = 0; row < rows; ++row) {
    const char* rest = lines[row];
    for (int i = 0; i < inputs; ++i) rest = read_value(rest, (TF_TString*)TF_TensorData(values[i]) + row);
  }
  TF_SessionRun(session, NULL, feeds, values, inputs, &fetch, &result, 1, NULL, 0, NULL, status);
  require_ok(status, "run");
  print_rows(result);
  return 0;
}
